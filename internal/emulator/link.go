package emulator

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

const (
	modeDestination   = "DESTINATION"
	modeSource        = "SOURCE"
	modeBidirectional = "BIDIRECTIONAL"
	inbound           = "INBOUND"
	outbound          = "OUTBOUND"

	// checkInterval is the time between looks at a link's health. Live clusters take up to a minute
	// (availability.check.ms); nobody wants to wait so long for an emulator.
	checkInterval = 250 * time.Millisecond
	// pendingInterval is the time between first attempts to lead mirror topics out of pending states.
	pendingInterval = 10 * time.Millisecond
	// tidyInterval is the time between looks for mirror topics that a Kafka client deleted.
	tidyInterval = time.Second
	dialTimeout  = 10 * time.Second
)

var errNoOtherHalf = errors.New("the other half of the link is not connected")

// link is a cluster link, or one half of a pair. Its goroutine keeps it connected and ends pending states of mirrors.
type link struct {
	cluster    *Cluster
	name       string
	mode       string // link.mode
	connection string // connection.mode
	visibleAt  time.Time
	copier     *broker.Copier // nil on a source half, which has no mirror topics

	wake   chan struct{} // makes the goroutine look at once
	cancel context.CancelFunc
	done   chan struct{}

	copying sync.Mutex     // held around changes of what the copier reads
	source  *broker.Remote // what the copier reads

	// Guarded by cluster.mu.
	id         [16]byte
	remoteID   string
	settings   map[string]string // those set, not the defaults
	generation int               // counts changes of the settings that connections are made with
	remote     *broker.Remote    // what mirror topics are read from, or a source half's connection to its destination
	origin     *Cluster          // the cluster behind remote, nil if it is none of the network
	peer       *link             // of an OUTBOUND half, once it has found the INBOUND one
	err        error             // why there is no connection
	checked    bool              // whether there was an attempt to connect
}

func newLinkID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// uuid and shortID are the two ways in which a link's id is written.
func uuid(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
func shortID(id [16]byte) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// start begins the life of a link that is in cluster.links. Ends are connections made already, if any.
func (l *link) start(e *ends) {
	ctx, cancel := context.WithCancel(l.cluster.ctx)
	l.cancel = cancel
	if e != nil {
		l.use(e, nil)
	}
	l.cluster.wg.Go(func() {
		defer close(l.done)
		defer cancel()
		l.run(ctx, e)
	})
}

// stop ends the life of a link, and returns when nothing of it runs any more.
func (l *link) stop() {
	l.cancel()
	<-l.done
}

// run keeps the link connected until ctx ends. Pending states that do not end are looked at less and less often.
func (l *link) run(ctx context.Context, e *ends) {
	defer func() { l.disconnect(e) }()
	var checked, tidied time.Time
	pause, nudged := pendingInterval, false
	for ctx.Err() == nil {
		if nudged || time.Since(checked) >= checkInterval {
			e = l.connect(ctx, e)
			l.autoCreate(ctx)
			checked = time.Now()
		}
		if time.Since(tidied) >= tidyInterval {
			l.forgetDeleted(ctx)
			tidied = time.Now()
		}
		left, finished := l.advancePending(ctx)
		if left == 0 {
			nudged = l.wait(ctx, checkInterval)
			continue
		}
		if nudged || finished > 0 {
			pause = pendingInterval
		}
		nudged = l.wait(ctx, pause)
		pause = min(2*pause, checkInterval)
	}
}

// wait waits for a time to pass, for a nudge, or for ctx to end, and tells whether it was a nudge.
func (l *link) wait(ctx context.Context, d time.Duration) (nudged bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-l.wake:
		return true
	}
	return false
}

// nudge makes the goroutine look at once.
func (l *link) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *link) closeCopier() {
	if l.copier != nil {
		l.copier.Close()
	}
}

// setting reads a setting that is set.
func (l *link) setting(name string) string {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	return l.settings[name]
}

// visible tells whether reads show the link; cluster.mu is held. There may be no link.
func (l *link) visible() bool { return l != nil && !time.Now().Before(l.visibleAt) }

// visibleLink returns a link that reads show, nil if there is none.
func (c *Cluster) visibleLink(name string) *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.links[name]; l.visible() {
		return l
	}
	return nil
}

// state tells link_state, link_error and link_error_message; cluster.mu is held.
func (l *link) state() (state, code string, message *string) {
	switch {
	case enabled(l.settings, settingPaused):
		return "PAUSED", "NO_ERROR", nil
	case l.remote != nil:
		return "ACTIVE", "NO_ERROR", nil
	case !l.checked && l.connection == outbound:
		return "UNKNOWN", "NO_ERROR", nil
	case l.err == nil || errors.Is(l.err, errNoOtherHalf):
		return "UNAVAILABLE", "NO_ERROR", nil
	}
	text := l.err.Error()
	state = "UNAVAILABLE"
	if l.refused() {
		state = "FAILED"
	}
	return state, linkError(l.err), &text
}

// refused tells whether the link failed for a reason that does not pass by itself; cluster.mu is held.
func (l *link) refused() bool {
	kind := dialKind(l.err)
	return l.err != nil && (kind == broker.KindAuthentication || kind == broker.KindConfig)
}

// linkError is the link_error for a failed connection.
func linkError(err error) string {
	switch dialKind(err) {
	case broker.KindAuthentication:
		return "AUTHENTICATION_ERROR"
	case broker.KindUnresolvable:
		return "UNRESOLVABLE_BOOTSTRAP_ERROR"
	case broker.KindTCPConnection:
		return "BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR"
	case broker.KindTimeout:
		return "TIMEOUT_ERROR"
	default:
		return "UNKNOWN"
	}
}

// refusal is the answer to a call that needs the remote cluster; cluster.mu is held.
func (l *link) refusal() *apiError {
	switch {
	case l.remote != nil:
		return nil
	case l.refused():
		return &apiError{http.StatusUnauthorized, http.StatusUnauthorized, "Cluster authorization failed: " + l.err.Error()}
	case l.err != nil:
		return retriable("Cluster link '%s' is not available: %s", l.name, l.err)
	default:
		return retriable("Cluster link '%s' is not connected yet.", l.name)
	}
}
