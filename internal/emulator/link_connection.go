package emulator

import (
	"context"
	"maps"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// ends are the connections that an OUTBOUND link makes.
type ends struct {
	remote     *broker.Remote
	peer       *link          // the INBOUND half, which reads from here; nil if there is none
	local      *broker.Remote // for the peer to read from: this cluster, as the local. settings say
	generation int            // of the settings they were made with
}

func (e *ends) close() {
	e.remote.Close()
	if e.local != nil {
		e.local.Close()
	}
}

// dial connects as an OUTBOUND link does. Its error is a *broker.DialError or an *apiError.
func (l *link) dial(ctx context.Context) (*ends, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	l.cluster.mu.Lock()
	settings, remoteID := maps.Clone(l.settings), l.remoteID
	e := &ends{generation: l.generation}
	l.cluster.mu.Unlock()

	var err error
	if e.remote, err = broker.Dial(ctx, settings); err != nil {
		return nil, err
	}
	if id := e.remote.ClusterID(); remoteID != "" && id != remoteID {
		e.close()
		return nil, wrongCluster(remoteID, id)
	}
	if l.mode == modeDestination {
		return e, nil
	}
	if err := l.findPeer(e, settings[settingBootstrap]); err != nil || e.peer == nil {
		if err != nil {
			e.close()
			return nil, err
		}
		return e, nil
	}
	if e.local, err = broker.Dial(ctx, l.localSettings(settings)); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// findPeer looks for the INBOUND half in the remote cluster, without which a source half cannot be.
func (l *link) findPeer(e *ends, bootstrapServers string) error {
	e.peer = l.cluster.cfg.Network.find(bootstrapServers).inboundHalf(l.name)
	if e.peer == nil {
		if l.mode == modeBidirectional {
			return nil
		}
		return badRequest("Cluster '%s' does not have a link named '%s'.", e.remote.ClusterID(), l.name)
	}
	e.peer.cluster.mu.Lock()
	defer e.peer.cluster.mu.Unlock()
	if id := e.peer.remoteID; id != "" && id != l.cluster.ID() {
		return wrongCluster(id, l.cluster.ID())
	}
	return nil
}

// localSettings are those with which a source half reads its own cluster.
func (l *link) localSettings(settings map[string]string) map[string]string {
	local := map[string]string{settingBootstrap: l.cluster.BootstrapServers()}
	for name, value := range settings {
		if stripped, ok := strings.CutPrefix(name, localPrefix); ok {
			local[stripped] = value
		}
	}
	return local
}

// inboundHalf returns the link of that name which waits for its other half, nil if there is none to be seen.
func (c *Cluster) inboundHalf(name string) *link {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.links[name]; l.visible() && l.connection == inbound {
		return l
	}
	return nil
}

// connect checks the connections of an OUTBOUND link, and makes new ones where they fail or the settings changed.
func (l *link) connect(ctx context.Context, e *ends) *ends {
	if l.connection == inbound || !l.stale(e) && l.ping(ctx, e) == nil {
		return e
	}
	fresh, err := l.dial(ctx)
	if ctx.Err() != nil {
		if fresh != nil {
			fresh.close()
		}
		return e
	}
	l.use(fresh, err)
	if e != nil {
		if e.peer != nil && (fresh == nil || fresh.peer != e.peer) {
			e.peer.attach(nil, nil, err)
		}
		e.close()
	}
	return fresh
}

// stale tells whether connections were made with other settings, or to another half, than there are now.
func (l *link) stale(e *ends) bool {
	if l.connection == inbound {
		return false
	}
	l.cluster.mu.Lock()
	current := e != nil && e.generation == l.generation
	l.cluster.mu.Unlock()
	if !current || l.mode == modeDestination {
		return !current
	}
	return l.cluster.cfg.Network.find(l.setting(settingBootstrap)).inboundHalf(l.name) != e.peer
}

// ping asks whether the other ends of connections are still there.
func (l *link) ping(ctx context.Context, e *ends) error {
	if err := e.remote.Ping(ctx); err != nil || e.local == nil {
		return err
	}
	return e.local.Ping(ctx)
}

// use makes connections the link's own, or notes why there are none.
func (l *link) use(e *ends, err error) {
	if err != nil {
		l.attach(nil, nil, err)
		return
	}
	if e.peer != nil {
		l.adopt(e.peer)
		e.peer.attach(e.local, l.cluster, nil)
	}
	l.attach(e.remote, l.cluster.cfg.Network.find(l.setting(settingBootstrap)), nil)
}

// adopt makes two halves a pair, which has one id.
func (l *link) adopt(peer *link) {
	peer.cluster.mu.Lock()
	id := peer.id
	peer.cluster.mu.Unlock()
	l.cluster.mu.Lock()
	l.id, l.peer = id, peer
	l.cluster.mu.Unlock()
}

// disconnect ends the connections of a link that is going; e may be nil.
func (l *link) disconnect(e *ends) {
	l.attach(nil, nil, errNoOtherHalf)
	if e == nil {
		return
	}
	if e.peer != nil {
		e.peer.attach(nil, nil, errNoOtherHalf)
	}
	e.close()
}

// attach sets the connection, or why there is none.
func (l *link) attach(remote *broker.Remote, origin *Cluster, err error) {
	l.cluster.mu.Lock()
	l.remote, l.origin, l.err, l.checked = remote, origin, err, true
	if remote != nil && l.remoteID == "" {
		l.remoteID = remote.ClusterID()
	}
	l.cluster.mu.Unlock()
	l.syncCopier()
}

// syncCopier lets the copier read what the link is connected to, or nothing while the link is paused.
func (l *link) syncCopier() {
	if l.copier == nil {
		return
	}
	l.copying.Lock()
	defer l.copying.Unlock()
	l.cluster.mu.Lock()
	source := l.remote
	if enabled(l.settings, settingPaused) {
		source = nil
	}
	l.cluster.mu.Unlock()
	if source != l.source {
		l.source = source
		l.copier.SetRemote(source)
	}
}
