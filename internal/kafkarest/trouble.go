package kafkarest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
)

// trouble is something that can go wrong before a server says a word.
type trouble struct {
	is    func(error) bool
	words string // for the person who has to mend it
	// lasting: no attempt can succeed, and none can have been carried out,
	// for the two sides never came to speak.
	lasting bool
}

// troubles lists what has words of its own; the first that fits counts. The
// texts are those of Go's crypto/tls and net/http, where they have no type.
var troubles = []trouble{
	{isA[x509.HostnameError], "the server's certificate is not for this host; correct rest_endpoint or set tls_server_name", true},
	{isA[x509.UnknownAuthorityError], "the server's certificate is signed by no authority that is trusted here; set ca_certificate", true},
	{isExpired, "the server's certificate has expired or is not valid yet; have it renewed, or set the clock of this machine", true},
	{isA[*tls.CertificateVerificationError], "the server's certificate cannot be trusted", true},
	{says("tls: certificate required"), "the server wants a client certificate; set client_certificate and client_key", true},
	{isAlert("certificate"), "the server refuses the client certificate, or wants one; check client_certificate and client_key", true},
	{says("tls: protocol version", "unsupported protocol version"), "the server offers neither TLS 1.2 nor TLS 1.3; have one of them switched on there", true},
	{isSpeechless, "the server does not speak TLS here; rest_endpoint may have to begin with http://", true},
	// A TLS alert where an HTTP reply should be.
	{says(`malformed HTTP response "\x15`), "the server speaks TLS here; rest_endpoint may have to begin with https://", true},
	{isAlert(""), "the TLS handshake failed; the server may want a client certificate, or share no cipher with this client", true},
	{isUnknownHost, "there is no such host; correct rest_endpoint", true},
	{isOneOf(syscall.ECONNREFUSED), "nothing listens at this address", false},
	{isOneOf(io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE), "the server closed the connection without a full reply", false},
}

// describe puts an error of net/http into words, and tells whether it is lasting.
func describe(err error) (words string, lasting bool) {
	for _, t := range troubles {
		if t.is(err) {
			return t.words + " (" + err.Error() + ")", t.lasting
		}
	}
	return err.Error(), false
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func isOneOf(targets ...error) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) })
	}
}

func says(anyOf ...string) func(error) bool {
	return func(err error) bool {
		return slices.ContainsFunc(anyOf, func(words string) bool { return strings.Contains(err.Error(), words) })
	}
}

// isAlert finds TLS alerts, of either side, that hold words.
func isAlert(words string) func(error) bool {
	return func(err error) bool {
		op, ok := errors.AsType[*net.OpError](err)
		return ok && (op.Op == "remote error" || op.Op == "local error") && strings.Contains(op.Err.Error(), words)
	}
}

func isExpired(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired
}

func isSpeechless(err error) bool {
	return errors.Is(err, http.ErrSchemeMismatch) || isA[tls.RecordHeaderError](err)
}

func isUnknownHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}
