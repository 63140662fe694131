package emulator

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The verbs of POST /links/{link}/mirrors:{verb} that mirror topics of every link know.
const (
	verbPromote  = "promote"
	verbFailover = "failover"
	verbPause    = "pause"
	verbResume   = "resume"
)

// verdict says of one mirror topic whether it was accepted to be altered.
type verdict struct {
	Kind                         string      `json:"kind"`
	Metadata                     metadata    `json:"metadata"`
	MirrorTopicName              string      `json:"mirror_topic_name"`
	ErrorCode                    *int        `json:"error_code"`
	ErrorMessage                 *string     `json:"error_message"`
	MirrorLags                   []mirrorLag `json:"mirror_lags"`
	MessagesTruncated            *int64      `json:"messages_truncated"`
	PartitionLevelTruncationData []any       `json:"partition_level_truncation_data"`
}

type verdictKey struct{ link, mirror, verb string }

type verdictError struct {
	code    int
	message string
}

// RefuseVerdict makes a verb be refused for one mirror topic, inside a 200 answer; code 0 takes that back. Verb is
// the last part of the path: promote, failover, pause, resume.
func (c *Cluster) RefuseVerdict(link, mirror, verb string, code int, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := verdictKey{link, mirror, verb}
	if code == 0 {
		delete(c.verdicts, key)
		return
	}
	c.verdicts[key] = verdictError{code, message}
}

// alterMirrors carries a verb out on some mirror topics of a link.
func (c *Cluster) alterMirrors(verb string) handler {
	return func(r *call) (answer, error) {
		validateOnly, err := r.flag("validate_only", false)
		if err != nil {
			return answer{}, err
		}
		l := c.visibleLink(r.PathValue("link"))
		if l == nil {
			return answer{}, linkNotFound(r.PathValue("link"))
		}
		names, err := c.selectedMirrors(r, l)
		if err != nil {
			return answer{}, err
		}
		verdicts := make([]verdict, len(names))
		for i, name := range names {
			verdicts[i] = l.judge(verb, name, validateOnly)
		}
		l.nudge()
		return answer{http.StatusOK, list[verdict]{
			Kind:     "Kafka" + strings.ToUpper(verb[:1]) + verb[1:] + "Mirror",
			Metadata: listMetadata{Self: c.url("links", l.name, "mirrors")},
			Data:     verdicts,
		}}, nil
	}
}

// selectedMirrors reads the names, or the pattern, in a body. A pattern matches whole names and leaves out what
// is stopped.
func (c *Cluster) selectedMirrors(r *call, l *link) ([]string, error) {
	var body struct {
		Names   []string `json:"mirror_topic_names"`
		Pattern string   `json:"mirror_topic_name_pattern"`
	}
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	if (len(body.Names) == 0) == (body.Pattern == "") {
		return nil, badRequest("Exactly one of mirror_topic_names and mirror_topic_name_pattern is needed.")
	}
	if body.Pattern == "" {
		slices.Sort(body.Names)
		return slices.Compact(body.Names), nil
	}
	pattern, err := regexp.Compile("^(?:" + body.Pattern + ")$")
	if err != nil {
		return nil, badRequest("Invalid mirror topic name pattern '%s'.", body.Pattern)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, m := range c.mirrorsOf(l) {
		if m.visible() && m.state != statusStopped && pattern.MatchString(m.name) {
			names = append(names, m.name)
		}
	}
	return names, nil
}

// judge accepts or refuses a verb for one mirror topic, and sets about what it accepts.
func (l *link) judge(verb, name string, validateOnly bool) verdict {
	c := l.cluster
	c.mu.Lock()
	v := verdict{
		Kind: "AlterMirrorsData", Metadata: c.metadata("links", l.name, "mirrors", name), MirrorTopicName: name,
		MirrorLags: []mirrorLag{}, PartitionLevelTruncationData: []any{},
	}
	m := c.mirrors[name]
	refusal, planned := c.verdicts[verdictKey{l.name, name, verb}]
	switch {
	case planned:
	case !m.visible() || m.link != l:
		refusal = verdictError{codeUnknownTopic, mirrorNotFound(name).Message}
	default:
		_, lags := m.look()
		v.MirrorLags = mirrorLags(lags)
		refusal = m.refuses(verb)
	}
	accepted := refusal.code == 0 && !validateOnly
	if next := stateAfter[verb]; accepted && next != "" {
		m.state = next
	}
	c.mu.Unlock()
	if accepted {
		m.carryOut(verb)
	}
	if refusal.code != 0 {
		v.ErrorCode, v.ErrorMessage = &refusal.code, &refusal.message
	}
	return v
}

// refuses tells why a verb is not possible in the mirror's state; cluster.mu is held.
func (m *mirror) refuses(verb string) verdictError {
	refused := func(format string) verdictError {
		return verdictError{http.StatusBadRequest, fmt.Sprintf(format, m.name, m.link.name)}
	}
	switch {
	case m.state == statusStopped:
		return refused("Topic '%s' has already stopped its mirror from '%s'.")
	case m.state == statusFailed && verb != verbFailover:
		return refused("The mirror of topic '%s' from '%s' has failed.")
	case m.state == statusPendingStopped && (verb == verbPause || verb == verbResume):
		return refused("Topic '%s' is already stopping its mirror from '%s'.")
	}
	return verdictError{}
}

// stateAfter is what a mirror becomes at once by an accepted verb.
var stateAfter = map[string]string{
	verbPromote: statusPendingStopped, verbPause: statusPaused, verbResume: statusActive,
}

// carryOut sets about an accepted verb; cluster.mu is not held, for the copier may be writing. What is paused
// copies again in order to be promoted.
func (m *mirror) carryOut(verb string) {
	switch verb {
	case verbPromote, verbResume:
		m.link.copier.Resume(m.name)
	case verbPause:
		m.link.copier.Pause(m.name)
	case verbFailover:
		m.stop()
	}
}

// reverseMirrors answers the verbs of bidirectional links, which the emulator does not carry out.
func (c *Cluster) reverseMirrors(r *call) (answer, error) {
	if c.visibleLink(r.PathValue("link")) == nil {
		return answer{}, linkNotFound(r.PathValue("link"))
	}
	return answer{}, unsupported("The operation is not supported on cluster link '%s'.", r.PathValue("link"))
}
