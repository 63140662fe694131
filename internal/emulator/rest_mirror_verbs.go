package emulator

import (
	"net/http"
	"regexp"
	"slices"
)

// The verbs of POST /links/{link}/mirrors:{verb}.
const (
	verbPromote         = "promote"
	verbFailover        = "failover"
	verbPause           = "pause"
	verbResume          = "resume"
	verbReverseAndStart = "reverse-and-start-mirror"
	verbReverseAndPause = "reverse-and-pause-mirror"
	verbRestore         = "truncate-and-restore"
)

var (
	verbs = append([]string{verbPromote, verbFailover, verbPause, verbResume}, twoWayVerbs...)
	// twoWayVerbs need a bidirectional link, and so a server that knows these.
	twoWayVerbs = []string{verbReverseAndStart, verbReverseAndPause, verbRestore}
)

// verdict says of one mirror topic whether it was accepted to be altered.
type verdict struct {
	Kind                         string       `json:"kind"`
	Metadata                     metadata     `json:"metadata"`
	MirrorTopicName              string       `json:"mirror_topic_name"`
	ErrorCode                    *int         `json:"error_code"`
	ErrorMessage                 *string      `json:"error_message"`
	MirrorLags                   []mirrorLag  `json:"mirror_lags"`
	MessagesTruncated            *int64       `json:"messages_truncated"`
	PartitionLevelTruncationData []truncation `json:"partition_level_truncation_data"`
}

type verdictKey struct{ link, mirror, verb string }

type verdictError struct {
	code    int
	message string
}

// RefuseVerdict makes a verb be refused for one mirror topic, inside a 200 answer; code 0 takes that back. Verb is
// the last part of the path, such as promote or truncate-and-restore.
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

// alterOptions are the query parameters of a verb.
type alterOptions struct{ validateOnly, partitions bool }

// alterMirrors carries a verb out on some mirror topics of a link.
func (c *Cluster) alterMirrors(verb string) handler {
	return func(r *call) (answer, error) {
		var o alterOptions
		var err error
		if o.validateOnly, err = r.flag("validate_only", false); err != nil {
			return answer{}, err
		}
		if o.partitions, err = r.flag("include_partition_level_truncation_data", false); err != nil {
			return answer{}, err
		}
		l := c.visibleLink(r.PathValue("link"))
		if l == nil {
			return answer{}, linkNotFound(r.PathValue("link"))
		}
		if c.cfg.Dialect == ConfluentPlatform71 && slices.Contains(twoWayVerbs, verb) {
			return answer{}, unsupported("The version of this API is not supported in the underlying Kafka cluster.")
		}
		names, err := l.selected(r, verb)
		if err != nil {
			return answer{}, err
		}
		verdicts := make([]verdict, len(names))
		for i, name := range names {
			verdicts[i] = l.judge(verb, name, o)
		}
		l.nudge()
		return answer{http.StatusOK, list[verdict]{
			Kind:     "KafkaPromoteMirror", // whatever the verb, in all examples of Confluent's description
			Metadata: listMetadata{Self: c.url("links", l.name, "mirrors")},
			Data:     verdicts,
		}}, nil
	}
}

// selected reads the names, or the pattern, in a body. A pattern matches whole names: of mirrors that are not
// stopped, or of topics that can be restored.
func (l *link) selected(r *call, verb string) ([]string, error) {
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
	candidates := l.unstopped
	if verb == verbRestore {
		other, refusal := l.counterpart()
		if refusal.code != 0 {
			return nil, badRequest("%s", refusal.message)
		}
		candidates = other.restorableFrom
	}
	return slices.DeleteFunc(candidates(), func(name string) bool { return !pattern.MatchString(name) }), nil
}

// unstopped lists a link's mirrors that can be seen and are not stopped, by name.
func (l *link) unstopped() []string {
	l.cluster.mu.Lock()
	defer l.cluster.mu.Unlock()
	var names []string
	for _, m := range l.cluster.mirrorsOf(l) {
		if m.visible() && m.state != statusStopped {
			names = append(names, m.name)
		}
	}
	return names
}

// judge accepts or refuses a verb for one topic, and sets about what it accepts.
func (l *link) judge(verb, name string, o alterOptions) verdict {
	c := l.cluster
	v := verdict{
		Kind: "AlterMirrorsData", Metadata: c.metadata("links", l.name, "mirrors", name), MirrorTopicName: name,
		MirrorLags: []mirrorLag{}, PartitionLevelTruncationData: []truncation{},
	}
	c.mu.Lock()
	refusal, planned := c.verdicts[verdictKey{l.name, name, verb}]
	c.mu.Unlock()
	switch {
	case planned:
	case verb == verbRestore:
		refusal = l.restoreMirror(name, o, &v)
	default:
		refusal = l.alterMirror(verb, name, o.validateOnly, &v)
	}
	if refusal.code != 0 {
		v.ErrorCode, v.ErrorMessage = &refusal.code, &refusal.message
	}
	return v
}

// alterMirror judges the verbs for what is a mirror of the link.
func (l *link) alterMirror(verb, name string, validateOnly bool, v *verdict) verdictError {
	l.cluster.mu.Lock()
	m := l.cluster.mirrors[name]
	found := m.visible() && m.link == l
	if found {
		_, lags := m.look()
		v.MirrorLags = mirrorLags(lags)
	}
	l.cluster.mu.Unlock()
	switch {
	case !found:
		return verdictError{codeUnknownTopic, mirrorNotFound(name).Message}
	case slices.Contains(twoWayVerbs, verb):
		return m.reverse(verb == verbReverseAndPause, validateOnly)
	default:
		return m.alter(verb, validateOnly)
	}
}

// alter judges the verbs that need no other cluster.
func (m *mirror) alter(verb string, validateOnly bool) verdictError {
	c := m.link.cluster
	c.mu.Lock()
	refusal := m.refuses(verb)
	accepted := refusal.code == 0 && !validateOnly
	if next := stateAfter[verb]; accepted && next != "" && next != m.state {
		m.enter(next)
	}
	c.mu.Unlock()
	if accepted {
		m.carryOut(verb)
	}
	return refusal
}

// tell adds to a verdict what is truncated.
func (v *verdict) tell(cuts []truncation, partitions bool) {
	var total int64
	for _, cut := range cuts {
		total += cut.MessagesTruncated
	}
	v.MessagesTruncated = &total
	if partitions {
		v.PartitionLevelTruncationData = cuts
	}
}

// refuses tells why a verb is not possible in the mirror's state; cluster.mu is held. Failover always is, unless
// there is nothing to stop.
func (m *mirror) refuses(verb string) verdictError {
	switch {
	case m.link.cluster.mirrors[m.name] != m:
		return verdictError{codeUnknownTopic, mirrorNotFound(m.name).Message}
	case m.state == statusStopped:
		return refused("Topic '%s' has already stopped its mirror from '%s'.", m.name, m.link.name)
	case verb == verbFailover, m.state == statusActive, m.state == statusPaused, m.state == statusPendingStopped && verb == verbPromote:
		return verdictError{}
	case m.state == statusFailed:
		return refused("The mirror of topic '%s' from '%s' has failed.", m.name, m.link.name)
	case m.state == statusPendingStopped:
		return refused("Topic '%s' is already stopping its mirror from '%s'.", m.name, m.link.name)
	default:
		return refused("Topic '%s' on '%s' is changing: %s.", m.name, m.link.name, m.state)
	}
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
