package emulator

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// The statuses of mirror topics that the emulator comes to by itself. Others can be pinned.
const (
	statusActive            = "ACTIVE"
	statusPaused            = "PAUSED"
	statusStopped           = "STOPPED"
	statusFailed            = "FAILED"
	statusLinkPaused        = "LINK_PAUSED"
	statusLinkFailed        = "LINK_FAILED"
	statusSourceUnavailable = "SOURCE_UNAVAILABLE"

	statusPendingStopped     = "PENDING_STOPPED"           // being promoted
	statusPendingSynchronize = "PENDING_SYNCHRONIZE"       // being reversed
	statusPendingMirror      = "PENDING_MIRROR"            // the source topic of one that is being reversed
	statusPendingSetup       = "PENDING_SETUP_FOR_RESTORE" // to be truncated
	statusPendingRestore     = "PENDING_RESTORE"           // being truncated

	mirrorErrorNone          = "NO_ERROR"
	mirrorErrorSourceDeleted = "SOURCE_TOPIC_MAY_BE_DELETED"
)

// mirror is a mirror topic. Its topic on the cluster has the same name.
type mirror struct {
	link       *link
	name       string
	source     string
	partitions int
	visibleAt  time.Time

	// Guarded by link.cluster.mu.
	state      string                // the status without what is wrong with the link
	stateSince time.Time             //
	seen       string                // the status as it was last found
	seenAt     time.Time             // since when
	lags       []broker.PartitionLag // as last known, once it is stopped
	transition []taskError           // why a pending state does not end
	reversal   *reversal             // while PENDING_SYNCHRONIZE
	restore    *restore              // while PENDING_SETUP_FOR_RESTORE and PENDING_RESTORE
	parting    *parting              // of a stopped mirror, from which its source topic can be restored
}

// taskError says why something that was asked for has not come about.
type taskError struct {
	ErrorCode    string `json:"error_code"`
	ErrorMessage string `json:"error_message"`
}

type mirrorKey struct{ link, mirror string }

// SetMirrorStatus makes the server report a status whatever the truth is, the mirror existing yet or not; "" goes
// back to the truth. Only what is reported changes.
func (c *Cluster) SetMirrorStatus(link, mirror, status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if status == "" {
		delete(c.pins, mirrorKey{link, mirror})
		return
	}
	c.pins[mirrorKey{link, mirror}] = status
}

// visible tells whether reads show the mirror; cluster.mu is held. There may be no mirror.
func (m *mirror) visible() bool { return m != nil && !time.Now().Before(m.visibleAt) }

// look finds out how the mirror is doing; cluster.mu is held. It makes no call to a broker.
func (m *mirror) look() (status string, lags []broker.PartitionLag) {
	progress := broker.Progress{Lags: m.lags}
	if m.state != statusStopped {
		progress = m.link.copier.Progress(m.name)
		if progress.SourceMissing && m.link.remote != nil {
			m.state = statusFailed
		}
	}
	status = cmp.Or(m.link.cluster.pins[mirrorKey{m.link.name, m.name}], m.status(progress.Err))
	if status != m.seen {
		m.seen, m.seenAt = status, time.Now()
	}
	return status, progress.Lags
}

// status is the true status; cluster.mu is held. Of the copier's troubles only a refused login counts, which the
// link's own connection, logged in before, cannot see. All others it sees too, and the copier passes through some
// when it changes connections.
func (m *mirror) status(trouble *broker.DialError) string {
	loggedOut := trouble != nil && trouble.Kind == broker.KindAuthentication
	switch {
	case m.state != statusActive:
		return m.state
	case enabled(m.link.settings, settingPaused):
		return statusLinkPaused
	case m.link.refused() || loggedOut:
		return statusLinkFailed
	case m.link.remote != nil:
		return statusActive
	default:
		return statusSourceUnavailable
	}
}

// enter begins a state; cluster.mu is held.
func (m *mirror) enter(state string) {
	m.state, m.stateSince, m.transition = state, time.Now(), nil
}

// mirrorsOf returns a link's mirrors, or with nil every link's, by name; cluster.mu is held.
func (c *Cluster) mirrorsOf(l *link) []*mirror {
	var mirrors []*mirror
	for _, m := range c.mirrors {
		if l == nil || m.link == l {
			mirrors = append(mirrors, m)
		}
	}
	slices.SortFunc(mirrors, func(x, y *mirror) int { return strings.Compare(x.name, y.name) })
	return mirrors
}

// mirrorSpec is what a mirror topic is to be.
type mirrorSpec struct {
	source, name      string
	replicationFactor int16 // -1: the cluster's default
	configs           map[string]*string
}

// addMirror creates a mirror topic. Its error is an *apiError.
func (l *link) addMirror(ctx context.Context, spec mirrorSpec) error {
	c := l.cluster
	if !c.reserve(topicKey(spec.name)) {
		return topicExists(spec.name)
	}
	defer c.release(topicKey(spec.name))
	if _, err := c.broker.Topic(ctx, spec.name); err == nil {
		return topicExists(spec.name)
	}
	source, configs, err := l.describeSource(ctx, spec.source)
	if err != nil {
		return err
	}
	maps.Copy(configs, spec.configs)
	c.broker.SetReadOnly(spec.name, true)
	err = c.broker.CreateTopic(ctx, spec.name, int32(source.Partitions), spec.replicationFactor, configs)
	if err != nil {
		c.broker.SetReadOnly(spec.name, false)
		return brokerError(err)
	}
	if !c.insertMirror(l, spec, source.Partitions) {
		_ = c.broker.DeleteTopic(ctx, spec.name)
		return linkUnresolved(l.name)
	}
	return nil
}

// insertMirror makes a topic a mirror, unless its link has gone meanwhile.
func (c *Cluster) insertMirror(l *link, spec mirrorSpec, partitions int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.links[l.name] != l {
		return false
	}
	c.mirrors[spec.name] = l.newMirror(spec.name, spec.source, partitions, statusActive)
	l.copier.Add(spec.source, spec.name, int32(partitions))
	return true
}

// newMirror makes a mirror that begins in some state.
func (l *link) newMirror(name, source string, partitions int, state string) *mirror {
	m := &mirror{link: l, name: name, source: source, partitions: partitions, visibleAt: l.cluster.visibleFrom()}
	m.enter(state)
	m.seen, m.seenAt = state, m.stateSince
	return m
}

// describeSource describes a topic of the cluster that the link reads, with the settings that are set on it.
func (l *link) describeSource(ctx context.Context, name string) (broker.Topic, map[string]*string, error) {
	l.cluster.mu.Lock()
	remote, refusal := l.remote, l.refusal()
	l.cluster.mu.Unlock()
	if refusal != nil {
		return broker.Topic{}, nil, refusal
	}
	topic, err := remote.Topic(ctx, name)
	if errors.Is(err, broker.ErrNoTopic) {
		return topic, nil, sourceTopicMissing(name)
	}
	var described []broker.TopicConfig
	if err == nil {
		described, err = remote.TopicConfigs(ctx, name)
	}
	if err != nil {
		return topic, nil, retriable("Cluster link '%s' is not available: %s", l.name, err)
	}
	configs := make(map[string]*string)
	for _, config := range described {
		if !config.Default {
			configs[config.Name] = config.Value
		}
	}
	return topic, configs, nil
}
