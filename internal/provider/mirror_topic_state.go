package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// The values of state: what a user can want of a mirror topic.
const (
	stateActive     = "ACTIVE"
	statePaused     = "PAUSED"
	statePromoted   = "PROMOTED"
	stateFailedOver = "FAILED_OVER"
)

func isStopped(state string) bool {
	return state == statePromoted || state == stateFailedOver
}

// observedState is the state that a mirror_status stands for. STOPPED does not
// tell promoted from failed over, and every other status, those that nobody has
// seen before included, says nothing of what was wanted: then the prior one stays.
func observedState(status, prior string) string {
	switch {
	case status == kafkarest.StatusActive:
		return stateActive
	case status == kafkarest.StatusPaused:
		return statePaused
	case status == kafkarest.StatusStopped && !isStopped(prior):
		return statePromoted
	default:
		return prior
	}
}

// transition says whether a mirror topic can be brought from a status to a
// state, and if not, what can be done instead.
func transition(status, wanted string) error {
	failed := slices.Contains([]string{kafkarest.StatusFailed, kafkarest.StatusLinkFailed, kafkarest.StatusSourceUnavailable}, status)
	switch {
	case status == kafkarest.StatusStopped && !isStopped(wanted):
		return fmt.Errorf("it is STOPPED, and a topic that was stopped does not mirror again. Write state = %q to keep it as it is; or take it out of Terraform with a removed block; "+
			"on a bidirectional link, the action clusterlink_restore_mirror_topics makes it mirror again", statePromoted)
	case status == kafkarest.StatusStopped, wanted == stateFailedOver:
		return nil
	case status == kafkarest.StatusActive, status == kafkarest.StatusPaused:
		return nil
	case status == kafkarest.StatusPendingStopped && wanted == statePromoted:
		return nil
	case status == kafkarest.StatusLinkPaused:
		return fmt.Errorf("it is %s. Resume its link first (cluster.link.paused); state = %q stops the topic at once with the records it has", status, stateFailedOver)
	case failed:
		return fmt.Errorf("it is %s. Mend the link or its source, or write state = %q to stop it with the records it has", status, stateFailedOver)
	default:
		return fmt.Errorf("it is %s. Wait until that is over; state = %q stops it at once with the records it has", cmp.Or(status, "in a status that was not read yet"), stateFailedOver)
	}
}

// mirrorTopic is one mirror topic on a server.
type mirrorTopic struct {
	e          *endpoint
	link, name string
}

func topicAt(e *endpoint, m *mirrorTopicModel) mirrorTopic {
	return mirrorTopic{e: e, link: m.LinkName.ValueString(), name: m.MirrorTopicName.ValueString()}
}

// settled are the statuses that a new mirror topic comes to rest in.
var settled = []string{kafkarest.StatusActive, kafkarest.StatusPaused, kafkarest.StatusLinkPaused, kafkarest.StatusStopped}

// waitUntilMirroring waits for a topic that was just created, and pauses it
// where that is wanted. What was last seen of it is in m, whatever happens.
func (m *mirrorTopicModel) waitUntilMirroring(ctx context.Context, e *endpoint) error {
	t := topicAt(e, m)
	wanted := m.State.ValueString()
	mirror, err := t.wait(ctx, e.creations(t.link).poll, t.onceVisible, settled, []string{kafkarest.StatusFailed, kafkarest.StatusLinkFailed, kafkarest.StatusSourceUnavailable})
	if err == nil && wanted == statePaused {
		var paused *kafkarest.Mirror
		if paused, err = t.change(ctx, kafkarest.Pause, kafkarest.StatusPaused); paused != nil {
			mirror = paused
		}
	}
	if mirror != nil {
		m.observe(mirror)
	}
	return err
}

// changeState brings an existing mirror topic to the wanted state.
func (m *mirrorTopicModel) changeState(ctx context.Context, e *endpoint, wanted string) error {
	t := topicAt(e, m)
	was := m.State.ValueString()
	switch {
	case wanted == was, isStopped(wanted) && isStopped(was):
		return nil
	case wanted == statePromoted:
		return t.stop(ctx, kafkarest.Promote)
	case wanted == stateFailedOver:
		return t.stop(ctx, kafkarest.Failover)
	case wanted == statePaused:
		_, err := t.change(ctx, kafkarest.Pause, kafkarest.StatusPaused)
		return err
	default:
		_, err := t.change(ctx, kafkarest.Resume, kafkarest.StatusActive)
		return err
	}
}

// stop promotes or fails over, and waits until the topic is STOPPED. One that is
// stopped, or is no mirror topic any more, is done; one that is being promoted
// is waited for.
func (t mirrorTopic) stop(ctx context.Context, verb kafkarest.Verb) error {
	done, pending, err := t.look(ctx)
	if err != nil || done {
		return err
	}
	if !pending || verb == kafkarest.Failover {
		if err := t.e.ask(ctx, t.link, verb, t.name); err != nil {
			// The server may have done it, unseen, at an earlier attempt.
			after, cancel := afterwards(ctx)
			defer cancel()
			done, pending, lookErr := t.look(after)
			if lookErr != nil || !done && !pending {
				return err
			}
		}
	}
	var hopeless []string
	if verb == kafkarest.Promote {
		hopeless = []string{kafkarest.StatusFailed, kafkarest.StatusLinkFailed}
	}
	_, err = t.wait(ctx, t.e.stops(t.link).poll, t.unlessPending, []string{kafkarest.StatusStopped}, hopeless)
	if errors.Is(err, kafkarest.ErrNotFound) {
		return nil
	}
	return err
}

// look tells whether the topic is stopped, or no mirror topic any more, and
// whether it is about to be.
func (t mirrorTopic) look(ctx context.Context) (done, pending bool, err error) {
	mirror, err := t.e.mirror(ctx, t.link, t.name)
	if errors.Is(err, kafkarest.ErrNotFound) {
		return true, false, nil
	}
	if err != nil {
		return false, false, err
	}
	return mirror.Status == kafkarest.StatusStopped, mirror.Status == kafkarest.StatusPendingStopped, nil
}

// change pauses or resumes, and waits for the status that follows.
func (t mirrorTopic) change(ctx context.Context, verb kafkarest.Verb, status string) (*kafkarest.Mirror, error) {
	mirror, err := t.now(ctx)
	if err != nil || mirror.Status == status {
		return mirror, err
	}
	if mirror.Status == kafkarest.StatusStopped {
		return mirror, transition(mirror.Status, stateActive)
	}
	if err := t.e.ask(ctx, t.link, verb, t.name); err != nil {
		// The server may have done it, unseen, at an earlier attempt.
		after, cancel := afterwards(ctx)
		defer cancel()
		if seen, lookErr := t.now(after); lookErr == nil && seen.Status == status {
			return seen, nil
		}
		return mirror, err
	}
	return t.wait(ctx, poll, t.now, []string{status}, []string{kafkarest.StatusStopped, kafkarest.StatusFailed, kafkarest.StatusLinkFailed})
}

func (t mirrorTopic) now(ctx context.Context) (*kafkarest.Mirror, error) {
	return t.e.mirrorNow(ctx, t.link, t.name)
}

// onceVisible is now for a topic that was just created: nil while the server
// does not show it.
func (t mirrorTopic) onceVisible(ctx context.Context) (*kafkarest.Mirror, error) {
	mirror, err := t.now(ctx)
	if errors.Is(err, kafkarest.ErrNotFound) {
		return nil, nil
	}
	return mirror, err
}

// unlessPending is now for a topic that is being stopped: while that goes on,
// it need not be looked for among all topics of its link.
func (t mirrorTopic) unlessPending(ctx context.Context) (*kafkarest.Mirror, error) {
	mirror, err := t.e.mirrorPending(ctx, t.link, t.name)
	if mirror == nil && err == nil {
		return t.now(ctx)
	}
	return mirror, err
}

// wait looks until the topic has one of the wanted statuses, and fails at once
// where it has a failed one. Any other status, unknown ones included, is waited
// out. It returns the topic as last seen, even with an error.
func (t mirrorTopic) wait(ctx context.Context, poll polling, look func(context.Context) (*kafkarest.Mirror, error), wanted, failed []string) (*kafkarest.Mirror, error) {
	var last *kafkarest.Mirror
	err := poll(ctx, func() (bool, error) {
		mirror, err := look(ctx)
		if mirror == nil || err != nil {
			return false, err
		}
		last = mirror
		if slices.Contains(failed, mirror.Status) {
			return false, errors.New(describe(mirror))
		}
		return slices.Contains(wanted, mirror.Status), nil
	})
	if err == nil || ctx.Err() == nil {
		return last, err
	}
	if last == nil {
		return nil, fmt.Errorf("%w; mirror topic %q was never seen", err, t.name)
	}
	return last, fmt.Errorf("%w; last seen: %s", err, describe(t.explained(ctx, last)))
}

// explained asks why a change of state is stuck. After Ctrl-C nobody waits for that.
func (t mirrorTopic) explained(ctx context.Context, last *kafkarest.Mirror) *kafkarest.Mirror {
	if errors.Is(ctx.Err(), context.Canceled) {
		return last
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if mirror, err := t.e.client.Mirror(ctx, t.link, t.name, true); err == nil {
		return mirror
	}
	return last
}

// describe tells the status of a mirror topic and what the server says of it.
func describe(m *kafkarest.Mirror) string {
	var b strings.Builder
	fmt.Fprintf(&b, "mirror topic %q has status %s", m.Name, m.Status)
	if m.Error != "" && m.Error != "NO_ERROR" {
		fmt.Fprintf(&b, ", error %s", m.Error)
	}
	if lag := totalLag(m.Lags); lag > 0 {
		fmt.Fprintf(&b, ", and is %d records behind", lag)
	}
	for _, e := range m.TransitionErrors {
		fmt.Fprintf(&b, "; %s: %s", e.Code, e.Message)
	}
	return b.String()
}

// delete deletes the topic with its records, and waits until it is gone.
func (t mirrorTopic) delete(ctx context.Context) error {
	if err := t.e.deleteTopic(ctx, t.name); err != nil && !errors.Is(err, kafkarest.ErrNotFound) {
		return err
	}
	return poll(ctx, func() (bool, error) {
		_, err := t.e.client.Topic(ctx, t.name)
		if errors.Is(err, kafkarest.ErrNotFound) {
			return true, nil
		}
		return false, err
	})
}
