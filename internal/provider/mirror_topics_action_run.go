package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// actionRun is one invocation.
type actionRun struct {
	action   *mirrorTopicsAction
	e        *endpoint
	link     string
	verb     kafkarest.Verb
	topics   []string          // all that were chosen, sorted
	pending  []string          // those that are neither done nor have failed
	failures map[string]string // by topic
	tell     func(format string, args ...any)
}

// choose finds the mirror topics that are meant, and which of them need not be
// asked for: those that are there already.
func (r *actionRun) choose(ctx context.Context, m mirrorTopicsActionModel) error {
	mirrors, err := r.list(ctx)
	if err != nil {
		return err
	}
	if known(m.MirrorTopicNames) {
		for _, v := range m.MirrorTopicNames.Elements() {
			if s, ok := v.(types.String); ok {
				r.topics = append(r.topics, s.ValueString())
			}
		}
	} else {
		pattern, err := regexp.Compile(m.MirrorTopicNameRegex.ValueString())
		if err != nil {
			return err
		}
		for name := range mirrors {
			if pattern.MatchString(name) {
				r.topics = append(r.topics, name)
			}
		}
	}
	slices.Sort(r.topics)
	if len(r.topics) == 0 {
		r.tell("No mirror topic of link %q matches.", r.link)
	}
	for _, name := range r.topics {
		mirror, found := mirrors[name]
		switch {
		case !found:
			r.failures[name] = fmt.Sprintf("the link %q has no mirror topic of that name", r.link)
		case !r.action.done(&mirror):
			r.pending = append(r.pending, name)
		}
	}
	return nil
}

func (r *actionRun) list(ctx context.Context) (map[string]kafkarest.Mirror, error) {
	mirrors, err := r.e.client.Mirrors(ctx, r.link, "")
	return index(mirrors, func(m kafkarest.Mirror) string { return m.Name }), err
}

// ask puts the verb to the server, in one request. What it refuses is a failure
// of that topic alone.
func (r *actionRun) ask(ctx context.Context, validateOnly bool) error {
	if len(r.pending) == 0 {
		return nil
	}
	verdicts, err := r.e.client.AlterMirrors(ctx, r.link, r.verb, kafkarest.Selection{Names: r.pending}, validateOnly)
	if err != nil && !kafkarest.IsUncertain(err) {
		return err
	}
	var lag, truncated int64
	for _, v := range verdicts {
		lag, truncated = max(lag, totalLag(v.Lags)), truncated+v.Truncated
		if v.Refused() {
			r.failures[v.MirrorTopicName] = fmt.Sprintf("%s (error_code %d)", v.ErrorMessage, *v.ErrorCode)
		}
	}
	r.pending = slices.DeleteFunc(r.pending, func(name string) bool { return r.failures[name] != "" })
	would := "are being"
	if validateOnly {
		would = "would be"
	}
	r.tell("%d of %d mirror topics of link %q %s %s, largest lag %d", len(r.pending), len(r.topics), r.link, would, r.action.participle, lag)
	if truncated > 0 {
		r.tell("%d records are cut off", truncated)
	}
	return nil
}

// wait follows the topics until each is done or cannot be, and tells how far it is.
func (r *actionRun) wait(ctx context.Context) error {
	asked := len(r.pending)
	last := map[string]kafkarest.Mirror{}
	err := poll(ctx, func() (bool, error) {
		if len(r.pending) == 0 {
			return true, nil
		}
		mirrors, err := r.list(ctx)
		if err != nil {
			return false, err
		}
		last = mirrors
		var lag int64
		before := len(r.pending)
		r.pending = slices.DeleteFunc(r.pending, func(name string) bool {
			mirror, found := mirrors[name]
			if !found {
				return r.action.done(nil)
			}
			lag = max(lag, totalLag(mirror.Lags))
			if slices.Contains(r.action.hopeless, mirror.Status) {
				r.failures[name] = describe(&mirror)
				return true
			}
			return r.action.done(&mirror)
		})
		if len(r.pending) < before {
			r.tell("%d of %d %s, largest lag %d", asked-len(r.pending), asked, r.action.participle, lag)
		}
		return len(r.pending) == 0, nil
	})
	if err == nil || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return err
	}
	for _, name := range r.pending {
		mirror := last[name]
		mirror.Name = name
		r.failures[name] = "not done yet: " + describe(&mirror)
	}
	return err
}

// describeFailures is all that went wrong with single topics.
func (r *actionRun) describeFailures() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d mirror topics of link %q could not be %s:\n", len(r.failures), len(r.topics), r.link, r.action.participle)
	for _, name := range r.topics {
		if why, failed := r.failures[name]; failed {
			fmt.Fprintf(&b, "\n* %s: %s", name, why)
		}
	}
	return b.String()
}
