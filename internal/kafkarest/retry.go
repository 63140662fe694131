package kafkarest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
	"github.com/hashicorp/terraform-plugin-log/tflog"
)

const logSubsystem = "kafkarest"

// story is what is known of one call over all its attempts.
type story struct {
	parent    context.Context // the caller's
	attempt   int
	inFlight  atomic.Bool
	uncertain bool // an attempt may have been carried out though no reply says so
}

type storyKey struct{}

// context returns the context to make the requests of a call with. A write
// that is under way when the caller gives up has writeGrace to be answered.
func (s *story) context(method string) (context.Context, context.CancelFunc) {
	ctx := tflog.NewSubsystem(s.parent, logSubsystem)
	if method != http.MethodGet {
		detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
		stop := context.AfterFunc(s.parent, func() {
			if s.inFlight.Load() {
				time.AfterFunc(writeGrace, cancel)
				return
			}
			cancel()
		})
		return context.WithValue(detached, storyKey{}, s), func() { stop(); cancel() }
	}
	return context.WithCancel(context.WithValue(ctx, storyKey{}, s))
}

// attempts is the transport that sees each attempt of a call: it logs it,
// without headers and bodies, and remembers whether a write may have been
// carried out unseen.
type attempts struct {
	next http.RoundTripper
}

func (a *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	s := req.Context().Value(storyKey{}).(*story)
	s.attempt++
	s.inFlight.Store(true)
	start := time.Now()
	resp, err := a.next.RoundTrip(req)
	s.inFlight.Store(false)

	fields := map[string]any{
		"method":      req.Method,
		"path":        req.URL.EscapedPath(),
		"attempt":     s.attempt,
		"duration_ms": time.Since(start).Milliseconds(),
	}
	if err != nil {
		fields["error"] = err.Error()
	} else {
		fields["status"] = resp.StatusCode
	}
	tflog.SubsystemDebug(req.Context(), logSubsystem, "REST call", fields)

	if req.Method != http.MethodGet && mayHaveWorked(resp, err) {
		s.uncertain = true
	}
	return resp, err
}

// CloseIdleConnections lets http.Client reach the transport below.
func (a *attempts) CloseIdleConnections() {
	if t, ok := a.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// mayHaveWorked reports whether a server may have carried out a request that
// it did not answer, or that a gateway answered in its place.
func mayHaveWorked(resp *http.Response, err error) bool {
	if err == nil {
		return resp.StatusCode >= 500
	}
	var op *net.OpError
	return !isTLSError(err) && !(errors.As(err, &op) && op.Op == "dial")
}

// checkRetry tells what is worth another attempt: throttling, trouble of the
// server or a gateway, and broken connections; never what only a person can mend.
func checkRetry(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if s := ctx.Value(storyKey{}).(*story); s.parent.Err() != nil {
		return false, nil
	}
	if resp != nil && err != nil {
		// A reply that was cut off: a read can be had again, a write is done.
		return resp.Request.Method == http.MethodGet && isBroken(err), err
	}
	var dns *net.DNSError
	if isTLSError(err) || (errors.As(err, &dns) && dns.IsNotFound) {
		return false, nil
	}
	retry, _ := retryablehttp.DefaultRetryPolicy(ctx, resp, err)
	return retry, nil
}

func isBroken(err error) bool {
	var netErr net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &netErr)
}

func isTLSError(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		alert        tls.AlertError
		header       tls.RecordHeaderError
		op           *net.OpError
	)
	return errors.As(err, &verification) || errors.As(err, &alert) || errors.As(err, &header) ||
		(errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error"))
}

// backoff honours Retry-After (seconds or a date); else it doubles, with
// jitter, so that many calls refused together do not come back together.
func backoff(shortest, longest time.Duration, attempt int, resp *http.Response) time.Duration {
	wait := retryablehttp.DefaultBackoff(shortest, longest, attempt, resp)
	if resp != nil && resp.Header.Get("Retry-After") != "" {
		return wait
	}
	return wait/2 + rand.N(wait/2+1)
}
