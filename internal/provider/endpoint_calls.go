package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

// shared are the calls to one cluster that resources share; see sharing.go.
type shared struct {
	atWork  crowd
	links   *collection[kafkarest.Link]
	mirrors keyed[linkMirrors] // by link
}

// linkMirrors are those about the mirror topics of one link.
type linkMirrors struct {
	client  *kafkarest.Client
	link    string
	atWork  crowd
	topics  *collection[kafkarest.Mirror]
	pending gather[*kafkarest.Mirror]
	asks    keyed[gather[kafkarest.Verdict]] // by verb

	creations, stops pace // what it takes until those have been done
}

func newShared(client *kafkarest.Client) *shared {
	s := &shared{}
	s.links = newCollection(&s.atWork, "link",
		func(ctx context.Context, name string) (*kafkarest.Link, error) { return client.Link(ctx, name, false) },
		func(ctx context.Context) (map[string]kafkarest.Link, error) {
			list, err := client.Links(ctx)
			return index(list, func(l kafkarest.Link) string { return l.Name }), err
		})
	s.mirrors.make = func(link string) *linkMirrors { return newLinkMirrors(client, link) }
	return s
}

func newLinkMirrors(client *kafkarest.Client, link string) *linkMirrors {
	m := &linkMirrors{client: client, link: link}
	m.stops.shortest = pollShortest // it is never done at once
	m.topics = newCollection(&m.atWork, "mirror topic",
		func(ctx context.Context, name string) (*kafkarest.Mirror, error) {
			return client.Mirror(ctx, link, name, false)
		},
		func(ctx context.Context) (map[string]kafkarest.Mirror, error) { return m.list(ctx, "") })
	m.pending = gather[*kafkarest.Mirror]{crowd: &m.atWork, run: m.findPending}
	m.asks.make = func(verb string) *gather[kafkarest.Verdict] {
		return &gather[kafkarest.Verdict]{crowd: &m.atWork, patient: true, run: func(ctx context.Context, names []string) func(string) (kafkarest.Verdict, error) {
			return m.ask(ctx, kafkarest.Verb(verb), names)
		}}
	}
	return m
}

// workOnLink is called by each method of a link resource, and what it returns
// at the method's end.
func (e *endpoint) workOnLink() (done func()) { return e.shared.atWork.enter() }

// workOnMirror is the same for mirror topics of a link.
func (e *endpoint) workOnMirror(link string) (done func()) {
	return e.shared.mirrors.of(link).atWork.enter()
}

// creations and stops are the pace at which mirror topics of a link come to rest.
func (e *endpoint) creations(link string) *pace { return &e.shared.mirrors.of(link).creations }
func (e *endpoint) stops(link string) *pace     { return &e.shared.mirrors.of(link).stops }

// link returns a link as it was a moment ago, or ErrNotFound.
func (e *endpoint) link(ctx context.Context, name string) (*kafkarest.Link, error) {
	link, err := e.shared.links.recent(ctx, name)
	return link, e.surelyGone(ctx, err)
}

// linkNow returns a link as it is now, or ErrNotFound.
func (e *endpoint) linkNow(ctx context.Context, name string) (*kafkarest.Link, error) {
	return e.shared.links.now(ctx, name)
}

func (e *endpoint) createLink(ctx context.Context, link kafkarest.NewLink) error {
	defer e.linkChanged(link.Name)
	return e.client.CreateLink(ctx, link, false)
}

func (e *endpoint) alterLinkSettings(ctx context.Context, link string, changes []kafkarest.Change) error {
	defer e.linkChanged(link)
	err := e.client.AlterLinkSettings(ctx, link, changes, false)
	return unlessDone(ctx, err, func(ctx context.Context) bool {
		settings, err := e.client.LinkSettings(ctx, link)
		return err == nil && shows(settings, changes)
	})
}

func (e *endpoint) deleteLink(ctx context.Context, name string, force bool) error {
	defer e.linkChanged(name)
	err := e.client.DeleteLink(ctx, name, force)
	err = unlessDone(ctx, err, func(ctx context.Context) bool {
		_, err := e.client.Link(ctx, name, false)
		return errors.Is(err, kafkarest.ErrNotFound)
	})
	return e.surelyGone(ctx, err)
}

func (e *endpoint) alterTopicSettings(ctx context.Context, topic string, changes []kafkarest.Change) error {
	err := e.client.AlterTopicSettings(ctx, topic, changes)
	return unlessDone(ctx, err, func(ctx context.Context) bool {
		settings, err := e.client.TopicSettings(ctx, topic)
		return err == nil && shows(settings, changes)
	})
}

func (e *endpoint) deleteTopic(ctx context.Context, topic string) error {
	err := e.client.DeleteTopic(ctx, topic)
	return unlessDone(ctx, err, func(ctx context.Context) bool {
		_, err := e.client.Topic(ctx, topic)
		return errors.Is(err, kafkarest.ErrNotFound)
	})
}

// shows reports whether all changes can be seen to have been made. Of secrets no
// server tells.
func shows(settings []kafkarest.ReportedSetting, changes []kafkarest.Change) bool {
	reported := index(settings, func(s kafkarest.ReportedSetting) string { return s.Name })
	return !slices.ContainsFunc(changes, func(c kafkarest.Change) bool {
		s := reported[c.Name]
		switch {
		case c.Sensitive || s.IsSensitive || linkconfig.IsSecret(c.Name):
			return true
		case c.Reset:
			return s.Value != nil && !s.IsDefault && !linkconfig.IsDefault(c.Name, *s.Value)
		default:
			return s.Value == nil || !linkconfig.Equal(c.Name, *s.Value, c.Value)
		}
	})
}

func (e *endpoint) linkChanged(name string) {
	e.shared.links.changed(name)
	e.shared.mirrors.of(name).topics.changed()
}

// mirror returns a mirror topic as it was a moment ago, or ErrNotFound.
func (e *endpoint) mirror(ctx context.Context, link, name string) (*kafkarest.Mirror, error) {
	mirror, err := e.shared.mirrors.of(link).topics.recent(ctx, name)
	return mirror, e.surelyGone(ctx, err)
}

// mirrorNow returns a mirror topic as it is now, or ErrNotFound.
func (e *endpoint) mirrorNow(ctx context.Context, link, name string) (*kafkarest.Mirror, error) {
	return e.shared.mirrors.of(link).topics.now(ctx, name)
}

func (e *endpoint) createMirror(ctx context.Context, link string, mirror kafkarest.NewMirror) error {
	defer e.shared.mirrors.of(link).topics.changed(mirror.Name)
	return e.client.CreateMirror(ctx, link, mirror)
}

// mirrorPending returns a mirror topic as it is now, as mirrorNow does. It is
// for waiting until it is no longer PENDING_STOPPED: while many are, it lists
// those, and not all of the link.
func (e *endpoint) mirrorPending(ctx context.Context, link, name string) (*kafkarest.Mirror, error) {
	return e.shared.mirrors.of(link).pending.do(ctx, name)
}

// ask puts a verb to the server for one mirror topic, together with all others
// that are asked for now. The server's refusal comes inside a successful reply.
func (e *endpoint) ask(ctx context.Context, link string, verb kafkarest.Verb, name string) error {
	verdict, err := e.shared.mirrors.of(link).asks.of(string(verb)).do(ctx, name)
	if err == nil && verdict.Refused() {
		return fmt.Errorf("the server refused to %s mirror topic %q: %s (error_code %d)", verb, name, verdict.ErrorMessage, *verdict.ErrorCode)
	}
	return err
}

func (m *linkMirrors) list(ctx context.Context, status string) (map[string]kafkarest.Mirror, error) {
	list, err := m.client.Mirrors(ctx, m.link, status)
	return index(list, func(m kafkarest.Mirror) string { return m.Name }), err
}

// findPending lists those that are pending, and looks for the others.
func (m *linkMirrors) findPending(ctx context.Context, names []string) func(string) (*kafkarest.Mirror, error) {
	if len(names) == 1 {
		return m.topics.fetch(ctx, names, false)
	}
	pending, err := m.list(ctx, kafkarest.StatusPendingStopped)
	if err != nil {
		return func(string) (*kafkarest.Mirror, error) { return nil, err }
	}
	others := slices.DeleteFunc(names, func(name string) bool { _, ok := pending[name]; return ok })
	var findOther func(string) (*kafkarest.Mirror, error)
	if len(others) > 0 {
		findOther = m.topics.fetch(ctx, others, false)
	}
	return func(name string) (*kafkarest.Mirror, error) {
		if mirror, ok := pending[name]; ok {
			return &mirror, nil
		}
		return findOther(name)
	}
}

// ask asks for several topics in one request. Where the server refuses that
// request as a whole, each is asked for by itself, so that one bad name cannot
// keep the others.
func (m *linkMirrors) ask(ctx context.Context, verb kafkarest.Verb, names []string) func(string) (kafkarest.Verdict, error) {
	defer m.topics.changed(names...)
	verdicts, err := m.client.AlterMirrors(ctx, m.link, verb, kafkarest.Selection{Names: names}, false)
	if wasAnswered(err) && len(names) > 1 {
		answers := map[string]func(string) (kafkarest.Verdict, error){}
		for _, name := range names {
			answers[name] = m.ask(ctx, verb, []string{name})
		}
		return func(name string) (kafkarest.Verdict, error) { return answers[name](name) }
	}
	byName := index(verdicts, func(v kafkarest.Verdict) string { return v.MirrorTopicName })
	return func(name string) (kafkarest.Verdict, error) {
		verdict, ok := byName[name]
		if err == nil && !ok {
			return verdict, fmt.Errorf("the server said nothing of mirror topic %q", name)
		}
		return verdict, err
	}
}
