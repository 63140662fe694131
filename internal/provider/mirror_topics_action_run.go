package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// actionRun is one invocation.
type actionRun struct {
	action       *mirrorTopicsAction
	e            *endpoint
	link         string
	verb         kafkarest.Verb
	validateOnly bool

	topics   []string                    // all that are meant, sorted
	pending  []string                    // those that are neither done nor have failed
	seen     map[string]kafkarest.Mirror // the link's mirror topics, as last listed
	failures map[string]string           // by topic
	tell     func(format string, args ...any)
}

func (r *actionRun) do(ctx context.Context, m mirrorTopicsActionModel) error {
	if err := r.look(ctx); err != nil {
		return err
	}
	selection, err := r.choose(m)
	if err != nil {
		return err
	}
	defer r.forgetReads()
	if err := r.ask(ctx, selection); err != nil || r.validateOnly {
		return err
	}
	return r.wait(ctx)
}

// forgetReads makes resources that are read in the same run of Terraform see
// what the action has done.
func (r *actionRun) forgetReads() {
	r.e.shared.mirrors.of(r.link).topics.changed()
}

func (r *actionRun) look(ctx context.Context) error {
	mirrors, err := r.e.client.Mirrors(ctx, r.link, "")
	if err == nil {
		r.seen = index(mirrors, func(m kafkarest.Mirror) string { return m.Name })
	}
	return err
}

// choose finds the mirror topics that are meant, and returns those that have to
// be asked for: not those that are there already, or on their way.
func (r *actionRun) choose(m mirrorTopicsActionModel) (kafkarest.Selection, error) {
	var ask kafkarest.Selection
	if known(m.MirrorTopicNames) {
		for _, v := range m.MirrorTopicNames.Elements() {
			if name, ok := v.(types.String); ok {
				r.topics = append(r.topics, name.ValueString())
			}
		}
	} else {
		pattern, err := regexp.Compile(m.MirrorTopicNameRegex.ValueString())
		if err != nil {
			return ask, err
		}
		for name, mirror := range r.seen {
			if pattern.MatchString(name) && r.isMeant(mirror.Status) {
				r.topics = append(r.topics, name)
			}
		}
		if r.action.restores {
			// Only the server can list these. A pattern of its is for whole names.
			ask.Pattern = ".*(?:" + pattern.String() + ").*"
		}
	}
	slices.Sort(r.topics)
	ready := 0
	for _, name := range r.topics {
		mirror, found := r.seen[name]
		switch {
		case !found && !r.action.restores:
			r.failures[name] = fmt.Sprintf("the link %q has no mirror topic of that name", r.link)
		case mirror.Status == r.action.done:
			ready++
		default:
			r.pending = append(r.pending, name)
			if !slices.Contains(r.action.underWay, mirror.Status) {
				ask.Names = append(ask.Names, name)
			}
		}
	}
	if ready > 0 {
		r.tell("%d of %d mirror topics of link %q are %s already", ready, len(r.topics), r.link, r.action.done)
	}
	return ask, nil
}

// isMeant reports whether a regular expression that matches a mirror topic
// means it: a link may still list topics that were stopped long ago.
func (r *actionRun) isMeant(status string) bool {
	if r.action.restores {
		return status == r.action.done || slices.Contains(r.action.underWay, status)
	}
	return status != kafkarest.StatusStopped || r.action.done == kafkarest.StatusStopped
}

// ask puts the verb to the server, in one request. What it refuses is a failure
// of that topic alone.
func (r *actionRun) ask(ctx context.Context, asked kafkarest.Selection) error {
	verdicts, err := r.e.client.AlterMirrors(ctx, r.link, r.verb, asked, r.validateOnly)
	r.forgetReads()
	if err != nil && (r.validateOnly || asked.Pattern != "" || !kafkarest.IsUncertain(err)) {
		return err
	}
	for _, v := range verdicts {
		if !slices.Contains(r.topics, v.MirrorTopicName) {
			r.topics, r.pending = append(r.topics, v.MirrorTopicName), append(r.pending, v.MirrorTopicName)
		}
	}
	slices.Sort(r.topics)
	refused := refusals(asked.Names, verdicts)
	unheard := r.dropCarriedOut(ctx, refused)
	if err != nil && len(refused) > 0 {
		return err
	}
	maps.Copy(r.failures, refused)
	r.pending = slices.DeleteFunc(r.pending, func(name string) bool { return r.failures[name] != "" })
	r.tellAccepted(verdicts, unheard)
	return nil
}

// refusals is why topics that were asked for are not accepted.
func refusals(asked []string, verdicts []kafkarest.Verdict) map[string]string {
	why := map[string]string{}
	for _, name := range asked {
		why[name] = "the server said nothing of it"
	}
	for _, v := range verdicts {
		delete(why, v.MirrorTopicName)
		if v.Refused() {
			why[v.MirrorTopicName] = fmt.Sprintf("%s (error_code %d)", v.ErrorMessage, *v.ErrorCode)
		}
	}
	return why
}

// dropCarriedOut takes back refusals of what has been done all the same, by an
// earlier attempt whose answer was lost. It reports whether there were any.
func (r *actionRun) dropCarriedOut(ctx context.Context, refused map[string]string) bool {
	if len(refused) == 0 || r.validateOnly {
		return false
	}
	after, cancel := afterwards(ctx)
	defer cancel()
	if r.look(after) != nil {
		return false
	}
	before := len(refused)
	maps.DeleteFunc(refused, func(name, _ string) bool {
		status := r.seen[name].Status
		return status == r.action.done || slices.Contains(r.action.underWay, status)
	})
	return len(refused) < before
}

// tellAccepted tells what the server has begun, or would. Where an answer was
// lost, so is how many records it told of.
func (r *actionRun) tellAccepted(verdicts []kafkarest.Verdict, unheard bool) {
	var lag, records int64
	var cut string
	verdicts = slices.DeleteFunc(verdicts, kafkarest.Verdict.Refused)
	for _, v := range verdicts {
		lag, records = max(lag, totalLag(v.Lags)), records+v.Truncated
		if v.Truncated > 0 {
			cut += fmt.Sprintf(", %s of %q", thousands(v.Truncated), v.MirrorTopicName)
		}
	}
	are := "are being"
	if r.validateOnly {
		are = "would be"
	}
	if len(r.pending) > 0 {
		r.tell("%d of %d mirror topics of link %q %s %s%s", len(r.pending), len(r.topics), r.link, are, r.action.participle, behind(lag))
	}
	switch {
	case r.action.restores && unheard:
		r.tell("how many records are being cut off was not heard")
	case r.action.restores && len(verdicts) > 0:
		r.tell("%s records %s cut off%s", thousands(records), are, cut)
	}
}

// behind tells of a lag, if there is one.
func behind(lag int64) string {
	if lag == 0 {
		return ""
	}
	return fmt.Sprintf(", up to %s records behind", thousands(lag))
}

// wait follows the topics until each is done or cannot be, and tells how far it is.
func (r *actionRun) wait(ctx context.Context) error {
	all, done := len(r.pending), 0
	err := poll(ctx, func() (bool, error) {
		if len(r.pending) == 0 {
			return true, nil
		}
		if err := r.look(ctx); err != nil {
			return false, err
		}
		pending, failed := len(r.pending), len(r.failures)
		r.pending = slices.DeleteFunc(r.pending, r.isSettled)
		if newly := pending - len(r.pending) - (len(r.failures) - failed); newly > 0 {
			done += newly
			r.tell("%d of %d %s%s", done, all, r.action.participle, behind(r.largestLag()))
		}
		return len(r.pending) == 0, nil
	})
	for _, name := range r.pending {
		r.failures[name] = "not done yet; " + r.lastSeen(name)
	}
	return err
}

// isSettled reports whether nothing more is to be expected of a topic, and
// notes it where that is a failure.
func (r *actionRun) isSettled(name string) bool {
	mirror, found := r.seen[name]
	switch {
	case !found:
		return r.action.done == kafkarest.StatusStopped
	case slices.Contains(r.action.hopeless, mirror.Status):
		r.failures[name] = r.lastSeen(name)
		return true
	default:
		return mirror.Status == r.action.done
	}
}

func (r *actionRun) largestLag() int64 {
	var lag int64
	for _, name := range r.pending {
		lag = max(lag, totalLag(r.seen[name].Lags))
	}
	return lag
}

func (r *actionRun) lastSeen(name string) string {
	if mirror, found := r.seen[name]; found {
		return describe(&mirror)
	}
	return "the link does not list it"
}

// describeFailures is all that went wrong, with single topics or altogether.
func (r *actionRun) describeFailures(err error) string {
	var b strings.Builder
	if len(r.failures) > 0 {
		fmt.Fprintf(&b, "%d of %d mirror topics of link %q could not be %s:\n", len(r.failures), len(r.topics), r.link, r.action.participle)
	}
	for _, name := range r.topics {
		if why, failed := r.failures[name]; failed {
			fmt.Fprintf(&b, "\n* %s: %s", name, why)
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Fprintf(&b, "\n\n%s It took longer than timeouts.invoke allows. What the server has begun goes on: invoke the action again to wait for it.", sentence(err.Error()))
	case err != nil:
		fmt.Fprintf(&b, "\n\n%s", explain(r.e, err))
	}
	return strings.TrimSpace(b.String())
}
