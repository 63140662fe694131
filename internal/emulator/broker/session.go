package broker

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Limits of a request in bytes: Kafka's socket.request.max.bytes, and what is
// enough before a client has logged in.
const (
	maxRequest     = 100 << 20
	maxSASLRequest = 64 << 10
)

// session is a client's connection as kfake reads it. It answers the SASL
// requests itself and lets others through: before login only ApiVersions. So
// kfake needs no users, passwords change at run time, and a client that is
// refused is told so, as by a Kafka broker, and not merely cut off.
//
// It also keeps from kfake what would upset it: frames of absurd size (a TLS
// hello on a plaintext port looks like one) and unknown request keys.
type session struct {
	net.Conn
	in           *bufio.Reader
	users        *userStore // nil: no SASL
	certificates bool       // a TLS certificate will do instead
	loggedIn     bool
	exchange     saslExchange // set by the handshake

	head []byte // start of the frame that is let through, not yet read by kfake
	rest int    // bytes of that frame that follow in the stream
}

func newSession(conn net.Conn, users *userStore) *session {
	return &session{Conn: conn, in: bufio.NewReader(conn), users: users, loggedIn: users == nil}
}

// Read gives kfake the frames that are meant for it.
func (s *session) Read(p []byte) (int, error) {
	for len(s.head) == 0 && s.rest == 0 {
		if err := s.nextFrame(); err != nil {
			return 0, err
		}
	}
	if len(s.head) > 0 {
		n := copy(p, s.head)
		s.head = s.head[n:]
		return n, nil
	}
	n, err := s.in.Read(p[:min(len(p), s.rest)])
	s.rest -= n
	return n, err
}

func (s *session) nextFrame() error {
	head := make([]byte, 8) // size of what follows it, request key, request version
	if _, err := io.ReadFull(s.in, head[:4]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head)
	if size < 8 || size > maxRequest {
		return fmt.Errorf("no Kafka request has %d bytes", size)
	}
	if _, err := io.ReadFull(s.in, head[4:]); err != nil {
		return err
	}
	key := int16(binary.BigEndian.Uint16(head[4:]))
	if kmsg.RequestForKey(key) == nil {
		return fmt.Errorf("no Kafka request has the key %d", key)
	}
	rest := int(size) - 4
	if s.loggedIn || kmsg.Key(key) == kmsg.ApiVersions || !isLogin(key) && s.certified() {
		s.head, s.rest = head, rest
		return nil
	}
	if rest > maxSASLRequest {
		return errors.New("request too large before login")
	}
	body := make([]byte, rest)
	if _, err := io.ReadFull(s.in, body); err != nil {
		return err
	}
	return s.login(key, int16(binary.BigEndian.Uint16(head[6:])), body)
}

func isLogin(key int16) bool {
	return kmsg.Key(key) == kmsg.SASLHandshake || kmsg.Key(key) == kmsg.SASLAuthenticate
}

// certified tells whether the client has logged in by a certificate, which the
// TLS handshake has verified: that was over before the first frame.
func (s *session) certified() bool {
	conn, ok := s.Conn.(*tls.Conn)
	return s.certificates && ok && len(conn.ConnectionState().VerifiedChains) > 0
}

// login answers one request of the SASL phase; body is what follows its key
// and version. An error ends the connection.
func (s *session) login(key, version int16, body []byte) error {
	r := kbin.Reader{Src: body}
	correlation := r.Int32()
	_ = r.NullableString() // client id
	req := kmsg.RequestForKey(key)
	if version < 0 || version > req.MaxVersion() {
		return fmt.Errorf("request key %d: version %d is not supported", key, version)
	}
	req.SetVersion(version)
	if req.IsFlexible() {
		kmsg.SkipTags(&r)
	}
	if err := errors.Join(r.Complete(), req.ReadFrom(r.Src)); err != nil {
		return fmt.Errorf("parse request: %w", err)
	}
	switch req := req.(type) {
	case *kmsg.SASLHandshakeRequest:
		resp, err := s.handshake(req)
		return errors.Join(s.reply(correlation, resp), err)
	case *kmsg.SASLAuthenticateRequest:
		resp, err := s.authenticate(req)
		return errors.Join(s.reply(correlation, resp), err)
	default:
		return fmt.Errorf("request key %d before login", key)
	}
}

func (s *session) handshake(req *kmsg.SASLHandshakeRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
	resp.SupportedMechanisms = saslMechanisms
	if req.Version == 0 { // tokens without frames: nobody has needed it since Kafka 1.0
		resp.ErrorCode = kerr.UnsupportedVersion.Code
		return resp, kerr.UnsupportedVersion
	}
	s.exchange = s.users.exchange(req.Mechanism)
	if s.exchange == nil {
		resp.ErrorCode = kerr.UnsupportedSaslMechanism.Code
		return resp, kerr.UnsupportedSaslMechanism
	}
	return resp, nil
}

func (s *session) authenticate(req *kmsg.SASLAuthenticateRequest) (kmsg.Response, error) {
	resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	if s.exchange == nil {
		resp.ErrorCode = kerr.IllegalSaslState.Code
		return resp, kerr.IllegalSaslState
	}
	challenge, done, err := s.exchange(req.SASLAuthBytes)
	if err != nil {
		message := "Authentication failed: " + err.Error()
		resp.ErrorCode, resp.ErrorMessage = kerr.SaslAuthenticationFailed.Code, &message
		return resp, err
	}
	resp.SASLAuthBytes, s.loggedIn = challenge, done
	return resp, nil
}

// reply writes a response. The client waits for it before it goes on, so it
// cannot mix with what kfake writes.
func (s *session) reply(correlation int32, resp kmsg.Response) error {
	buf := make([]byte, 8, 256)
	binary.BigEndian.PutUint32(buf[4:], uint32(correlation))
	if resp.IsFlexible() {
		buf = append(buf, 0) // no tags
	}
	buf = resp.AppendTo(buf)
	binary.BigEndian.PutUint32(buf, uint32(len(buf)-4))
	_, err := s.Write(buf)
	return err
}
