package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// gate is the listener of one node. It hands connections to kfake from two
// sides: TCP clients, who pass TLS and SASL and can be shut out, and the
// process itself, which does neither.
type gate struct {
	addr  string
	tls   *tls.Config
	users *userStore

	conns chan net.Conn // accepted, not yet taken by kfake
	done  chan struct{} // closed by Close

	mu     sync.Mutex
	tcp    net.Listener      // nil while shut
	live   map[net.Conn]bool // true: from outside
	closed bool
	wg     sync.WaitGroup
}

// Ports are taken from below the ephemeral range of common systems, each once
// in a process, so that nobody takes the port of a shut gate meanwhile.
const (
	firstPort = 10_000
	lastPort  = 32_000
)

var lastTried atomic.Uint32

func init() { lastTried.Store(rand.Uint32N(lastPort - firstPort)) }

// newGate listens on a port, with 0 on a free one.
func newGate(port int, tlsConfig *tls.Config, users *userStore) (*gate, error) {
	g := &gate{
		tls:   tlsConfig,
		users: users,
		conns: make(chan net.Conn),
		done:  make(chan struct{}),
		live:  make(map[net.Conn]bool),
	}
	if port != 0 {
		g.addr = fmt.Sprintf("127.0.0.1:%d", port)
		return g, g.open()
	}
	var err error
	for range 100 {
		g.addr = fmt.Sprintf("127.0.0.1:%d", firstPort+lastTried.Add(1)%(lastPort-firstPort))
		if err = g.open(); err == nil {
			return g, nil
		}
	}
	return nil, fmt.Errorf("no free port: %w", err)
}

// open listens, unless the gate already does.
func (g *gate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	if g.tcp != nil {
		return nil
	}
	tcp, err := net.Listen("tcp", g.addr)
	if err != nil {
		return err
	}
	g.tcp = tcp
	g.wg.Go(func() { g.acceptFrom(tcp) })
	return nil
}

// reopen is open for a port that another process may have taken meanwhile, for
// a cluster of its own that seldom lives long.
func (g *gate) reopen() error {
	const longest, pause = 20 * time.Second, 50 * time.Millisecond
	timeout := time.After(longest)
	for {
		err := g.open()
		if !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		select {
		case <-timeout:
			return err
		case <-time.After(pause):
		}
	}
}

// shut stops listening and cuts the connections of TCP clients. When it
// returns, connecting is refused.
func (g *gate) shut() {
	g.mu.Lock()
	if g.tcp != nil {
		_ = g.tcp.Close()
		g.tcp = nil
	}
	g.mu.Unlock()
	g.cut(func(outside bool) bool { return outside })
}

// cut closes the live connections that match.
func (g *gate) cut(match func(outside bool) bool) {
	g.mu.Lock()
	var conns []net.Conn
	for conn, outside := range g.live {
		if match(outside) {
			conns = append(conns, conn)
		}
	}
	g.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
	}
}

func (g *gate) acceptFrom(tcp net.Listener) {
	for {
		raw, err := tcp.Accept()
		if err != nil {
			return
		}
		conn := &trackedConn{Conn: raw, gate: g}
		if !g.admit(conn, func() bool { return g.tcp == tcp }, true) {
			_ = raw.Close()
			return
		}
		var secured net.Conn = conn
		if g.tls != nil {
			secured = tls.Server(conn, g.tls)
		}
		s := newSession(secured, g.users)
		s.certificates = g.tls != nil && g.tls.ClientAuth == tls.VerifyClientCertIfGiven
		_ = g.hand(context.Background(), s)
	}
}

// admit books conn if the gate is still in the state that conn came from.
func (g *gate) admit(conn net.Conn, allowed func() bool, outside bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !allowed() {
		return false
	}
	g.live[conn] = outside
	return true
}

// hand gives conn to kfake, or closes it.
func (g *gate) hand(ctx context.Context, conn net.Conn) error {
	var err error
	select {
	case g.conns <- conn:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-g.done:
		err = ErrClosed
	}
	_ = conn.Close()
	return err
}

// dialInside connects from within the process.
func (g *gate) dialInside(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	conn := &trackedConn{Conn: theirs, gate: g}
	if !g.admit(conn, func() bool { return !g.closed }, false) {
		return nil, ErrClosed
	}
	if err := g.hand(ctx, conn); err != nil {
		return nil, err
	}
	return ours, nil
}

// Accept is called by kfake.
func (g *gate) Accept() (net.Conn, error) {
	select {
	case conn := <-g.conns:
		return conn, nil
	case <-g.done:
		return nil, net.ErrClosed
	}
}

// Addr is called by kfake: it is what Metadata tells clients.
func (g *gate) Addr() net.Addr {
	addr, err := net.ResolveTCPAddr("tcp", g.addr)
	if err != nil {
		panic(errors.New("listener address is not host:port: " + g.addr))
	}
	return addr
}

// Close is called by kfake, and by Broker in any case.
func (g *gate) Close() error {
	g.mu.Lock()
	first := !g.closed
	g.closed = true
	g.mu.Unlock()
	if first {
		close(g.done)
	}
	g.shut()
	g.cut(func(bool) bool { return true })
	g.wg.Wait()
	return nil
}

// trackedConn leaves its gate's books when it is closed.
type trackedConn struct {
	net.Conn
	gate *gate
}

func (c *trackedConn) Close() error {
	c.gate.mu.Lock()
	delete(c.gate.live, c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}
