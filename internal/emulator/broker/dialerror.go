package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Kind says why a connection to another cluster failed.
type Kind string

const (
	// KindAuthentication: SASL refused the credentials, or TLS failed, which
	// Kafka's clients count as authentication too (the message then begins
	// with "SSL handshake failed").
	KindAuthentication Kind = "authentication"
	// KindUnresolvable: no address is known for a name.
	KindUnresolvable Kind = "unresolvable"
	// KindTCPConnection: nobody listens there, or the connection was cut.
	KindTCPConnection Kind = "tcp connection"
	// KindTimeout: no answer within a few seconds.
	KindTimeout Kind = "timeout"
	// KindConfig: a setting is bad; the message names it.
	KindConfig Kind = "config"
	// KindUnknown: anything else, a closed Remote included.
	KindUnknown Kind = "unknown"
)

// DialError says why a connection to another cluster failed. Its text shows no
// secret.
type DialError struct {
	Kind    Kind
	Message string
}

func (e *DialError) Error() string { return e.Message }

// handshakeError marks a failure of TLS.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return "SSL handshake failed: " + e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// dialError classifies what franz-go says; sasl: the client logs in.
func dialError(err error, sasl bool) *DialError {
	var (
		known     *DialError
		dns       *net.DNSError
		handshake *handshakeError
		alert     tls.AlertError
		firstEOF  *kgo.ErrFirstReadEOF
		network   *net.OpError
	)
	kind, message := KindUnknown, err.Error()
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &dns):
		kind, message = KindUnresolvable, "no resolvable bootstrap address: "+message
	case errors.Is(err, kerr.SaslAuthenticationFailed), errors.Is(err, kerr.UnsupportedSaslMechanism), errors.Is(err, kerr.IllegalSaslState):
		kind = KindAuthentication
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		kind, message = KindTimeout, "timed out: "+message
	case errors.As(err, &handshake):
		kind = KindAuthentication
	case errors.As(err, &alert), errors.As(err, &network) && network.Op == "remote error":
		// TLS 1.3 tells a client that its certificate was refused only after
		// the handshake.
		kind, message = KindAuthentication, (&handshakeError{err}).Error()
	case errors.As(err, &firstEOF) && sasl:
		// Some brokers cut the connection instead of refusing the login.
		kind, message = KindAuthentication, "connection closed during login: "+message
	case errors.As(err, &firstEOF), errors.As(err, &network), errors.Is(err, net.ErrClosed),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		kind = KindTCPConnection
	}
	return &DialError{Kind: kind, Message: message}
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
