package emulator

import (
	"math"
	"net/http"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

// mirrorData is a mirror topic as Confluent Platform 7.1 tells it.
type mirrorData struct {
	Kind            string      `json:"kind"`
	Metadata        metadata    `json:"metadata"`
	LinkName        string      `json:"link_name"`
	MirrorTopicName string      `json:"mirror_topic_name"`
	SourceTopicName string      `json:"source_topic_name"`
	NumPartitions   int         `json:"num_partitions"`
	MirrorLags      []mirrorLag `json:"mirror_lags"`
	MirrorStatus    string      `json:"mirror_status"`
	StateTimeMs     int64       `json:"state_time_ms"`
}

// cloudMirrorData is a mirror topic as Confluent Cloud tells it.
type cloudMirrorData struct {
	mirrorData
	MirrorTopicError            string       `json:"mirror_topic_error"`
	MirrorStateTransitionErrors *[]taskError `json:"mirror_state_transition_errors,omitempty"`
}

type mirrorLag struct {
	Partition             int32 `json:"partition"`
	Lag                   int64 `json:"lag"`
	LastSourceFetchOffset int64 `json:"last_source_fetch_offset"`
}

func mirrorLags(lags []broker.PartitionLag) []mirrorLag {
	result := make([]mirrorLag, len(lags))
	for i, lag := range lags {
		result[i] = mirrorLag(lag)
	}
	return result
}

func (c *Cluster) listMirrors(r *call) (answer, error) {
	l := c.visibleLink(r.PathValue("link"))
	if l == nil {
		return answer{}, linkNotFound(r.PathValue("link"))
	}
	return c.mirrorList(r, l, c.url("links", l.name, "mirrors"))
}

func (c *Cluster) listAllMirrors(r *call) (answer, error) {
	return c.mirrorList(r, nil, c.url("links", "-", "mirrors"))
}

// mirrorList lists a link's mirror topics, or with nil those of all links that can be seen.
func (c *Cluster) mirrorList(r *call, l *link, self string) (answer, error) {
	wanted := r.URL.Query().Get("mirror_status")
	var rows []any
	c.mu.Lock()
	for _, m := range c.mirrorsOf(l) {
		if !m.visible() || !m.link.visible() {
			continue
		}
		if status, lags := m.look(); wanted == "" || strings.EqualFold(wanted, status) {
			rows = append(rows, m.data(status, lags, false))
		}
	}
	c.mu.Unlock()
	return page(c, r, "KafkaMirrorDataList", self, rows)
}

func (c *Cluster) getMirror(r *call) (answer, error) {
	withErrors, err := r.flag("include_state_transition_errors", false)
	if err != nil {
		return answer{}, err
	}
	l := c.visibleLink(r.PathValue("link"))
	if l == nil {
		return answer{}, linkNotFound(r.PathValue("link"))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.mirrors[r.PathValue("mirror")]
	if !m.visible() || m.link != l {
		return answer{}, mirrorNotFound(r.PathValue("mirror"))
	}
	status, lags := m.look()
	return answer{http.StatusOK, m.data(status, lags, withErrors)}, nil
}

// data describes a mirror topic in the dialect; cluster.mu is held.
func (m *mirror) data(status string, lags []broker.PartitionLag, withErrors bool) any {
	c := m.link.cluster
	basic := mirrorData{
		Kind: "KafkaMirrorData", Metadata: c.metadata("links", m.link.name, "mirrors", m.name), LinkName: m.link.name,
		MirrorTopicName: m.name, SourceTopicName: m.source, NumPartitions: max(m.partitions, len(lags)),
		MirrorLags: mirrorLags(lags), MirrorStatus: status, StateTimeMs: m.seenAt.UnixMilli(),
	}
	if c.cfg.Dialect == ConfluentPlatform71 {
		return basic
	}
	data := cloudMirrorData{mirrorData: basic, MirrorTopicError: mirrorErrorNone}
	if m.state == statusFailed {
		data.MirrorTopicError = mirrorErrorSourceDeleted
	}
	if withErrors {
		transition := append([]taskError{}, m.transition...)
		data.MirrorStateTransitionErrors = &transition
	}
	return data
}

// newMirror is the body of a POST to /mirrors.
type newMirror struct {
	SourceTopicName   string       `json:"source_topic_name"`
	MirrorTopicName   string       `json:"mirror_topic_name"`
	ReplicationFactor *int         `json:"replication_factor"`
	Configs           []namedValue `json:"configs"`
}

func (c *Cluster) createMirror(r *call) (answer, error) {
	var body newMirror
	if err := r.decode(&body); err != nil {
		return answer{}, err
	}
	l := c.visibleLink(r.PathValue("link"))
	if l == nil {
		return answer{}, linkUnresolved(r.PathValue("link"))
	}
	spec, err := l.mirrorSpec(body)
	if err != nil {
		return answer{}, err
	}
	if err := l.addMirror(c.ctx, spec); err != nil {
		return answer{}, err
	}
	return c.created(), nil
}

// mirrorSpec checks what a body asks for.
func (l *link) mirrorSpec(body newMirror) (mirrorSpec, error) {
	name := l.setting(settingPrefix) + body.SourceTopicName
	switch {
	case l.mode == modeSource:
		return mirrorSpec{}, badRequest("Cluster link '%s' is a source link, mirror topics belong to its destination.", l.name)
	case !topicNamePattern.MatchString(body.SourceTopicName):
		return mirrorSpec{}, badRequest("Invalid source topic name '%s'.", body.SourceTopicName)
	case l.cluster.cfg.Dialect == ConfluentPlatform71:
		// It does not know the field mirror_topic_name.
	case body.MirrorTopicName != "" && body.MirrorTopicName != name:
		return mirrorSpec{}, unsupported("Topic renaming for mirroring is not yet supported.")
	}
	configs, err := topicSettings(body.Configs)
	if err != nil {
		return mirrorSpec{}, err
	}
	factor, err := l.cluster.replicationFactor(body.ReplicationFactor)
	return mirrorSpec{body.SourceTopicName, name, factor, configs}, err
}

// replicationFactor checks a replication factor; none is the cluster's default.
func (c *Cluster) replicationFactor(factor *int) (int16, error) {
	brokers := max(c.cfg.Brokers, 1)
	switch {
	case factor == nil || *factor == -1:
		return -1, nil
	case *factor < 1 || *factor > math.MaxInt16:
		return 0, badRequest("Replication factor must be larger than 0.")
	case *factor > brokers:
		return 0, badRequest("Replication factor: %d larger than available brokers: %d.", *factor, brokers)
	}
	return int16(*factor), nil
}
