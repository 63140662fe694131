package kafkarest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// The statuses of a mirror topic that mean something to a client. The set is
// open: newer servers have more.
const (
	StatusActive            = "ACTIVE"
	StatusPaused            = "PAUSED"
	StatusStopped           = "STOPPED" // does not tell promoted from failed over
	StatusPendingStopped    = "PENDING_STOPPED"
	StatusFailed            = "FAILED"
	StatusLinkFailed        = "LINK_FAILED"
	StatusLinkPaused        = "LINK_PAUSED"
	StatusSourceUnavailable = "SOURCE_UNAVAILABLE"

	// On bidirectional links: about to be reversed, and about to be restored.
	StatusPendingSynchronize     = "PENDING_SYNCHRONIZE"
	StatusPendingSetupForRestore = "PENDING_SETUP_FOR_RESTORE"
	StatusPendingRestore         = "PENDING_RESTORE"
)

// Mirror is a mirror topic as the server reports it.
type Mirror struct {
	LinkName         string `json:"link_name"`
	Name             string `json:"mirror_topic_name"`
	SourceTopicName  string `json:"source_topic_name"`
	Status           string `json:"mirror_status"`
	Error            string `json:"mirror_topic_error"`
	NumPartitions    int64  `json:"num_partitions"`
	StateTimeMS      int64  `json:"state_time_ms"` // milliseconds since 1970
	Lags             []Lag  `json:"mirror_lags"`
	TransitionErrors []struct {
		Code    string `json:"error_code"`
		Message string `json:"error_message"`
	} `json:"mirror_state_transition_errors"`
}

// Lag is how far one partition is behind its source, in records.
type Lag struct {
	Partition             int64 `json:"partition"`
	Lag                   int64 `json:"lag"`
	LastSourceFetchOffset int64 `json:"last_source_fetch_offset"` // -1 before the first fetch
}

// NewMirror is a mirror topic to create.
type NewMirror struct {
	SourceTopicName string `json:"source_topic_name"`
	// Name is sent only where it differs from the source's: older servers do not know it.
	Name              string    `json:"mirror_topic_name,omitempty"`
	ReplicationFactor int64     `json:"replication_factor,omitempty"`
	Configs           []Setting `json:"configs"`
}

// Verb is something to do with mirror topics.
type Verb string

// What can be done with mirror topics.
const (
	Promote  Verb = "promote"
	Failover Verb = "failover"
	Pause    Verb = "pause"
	Resume   Verb = "resume"

	// These need a bidirectional link.
	ReverseAndStart    Verb = "reverse-and-start-mirror"
	ReverseAndPause    Verb = "reverse-and-pause-mirror"
	TruncateAndRestore Verb = "truncate-and-restore"
)

// Verdict is what the server says of one topic inside a 200 reply. Accepted
// means queued, not done.
type Verdict struct {
	MirrorTopicName string `json:"mirror_topic_name"`
	ErrorCode       *int   `json:"error_code"` // nil or 0: accepted
	ErrorMessage    string `json:"error_message"`
	Lags            []Lag  `json:"mirror_lags"`
	Truncated       int64  `json:"messages_truncated"` // records cut off by TruncateAndRestore
}

// Refused reports whether the server will not do it.
func (v Verdict) Refused() bool {
	return v.ErrorCode != nil && *v.ErrorCode != 0
}

// AnyLink stands for all links in Mirrors.
const AnyLink = "-"

// Mirrors returns the mirror topics of a link, or of all with AnyLink; status
// narrows them to one mirror_status where it is not empty.
func (c *Client) Mirrors(ctx context.Context, link, status string) ([]Mirror, error) {
	cl := call{method: http.MethodGet, path: linkPath(link) + "/mirrors"}
	if status != "" {
		cl.query = url.Values{"mirror_status": {status}}
	}
	mirrors, err := list[Mirror](ctx, c, cl)
	switch {
	case err != nil && link == AnyLink:
		return nil, fmt.Errorf("list mirror topics of all links: %w", err)
	case err != nil:
		return nil, fmt.Errorf("list mirror topics of link %q: %w", link, err)
	}
	return mirrors, nil
}

// Mirror returns one mirror topic, or ErrNotFound where it or its link is not
// there. explain asks for the reasons why a change of state is stuck.
func (c *Client) Mirror(ctx context.Context, link, name string, explain bool) (*Mirror, error) {
	cl := call{method: http.MethodGet, path: mirrorPath(link, name)}
	if explain {
		cl.query = url.Values{"include_state_transition_errors": {"true"}}
	}
	mirror, err := get[Mirror](ctx, c, cl)
	if err != nil {
		return nil, fmt.Errorf("get mirror topic %q of link %q: %w", name, link, err)
	}
	return mirror, nil
}

// CreateMirror creates a mirror topic. A source topic that does not exist is
// an *Error with CodeUnknownTopic.
func (c *Client) CreateMirror(ctx context.Context, link string, mirror NewMirror) error {
	if mirror.Name == mirror.SourceTopicName {
		mirror.Name = ""
	}
	mirror.Configs = orEmpty(mirror.Configs)
	cl := call{
		method:  http.MethodPost,
		path:    linkPath(link) + "/mirrors",
		body:    mirror,
		secrets: secretsOf(mirror.Configs),
	}
	if err := c.do(ctx, cl, nil); err != nil {
		return fmt.Errorf("create mirror topic of %q on link %q: %w", mirror.SourceTopicName, link, err)
	}
	return nil
}

// Selection names the mirror topics of a link to do something with: either by
// name, or all whose names match a regular expression.
type Selection struct {
	Names   []string `json:"mirror_topic_names,omitempty"`
	Pattern string   `json:"mirror_topic_name_pattern,omitempty"`
}

// AlterMirrors asks for verb on mirror topics of a link in one call, and
// returns the server's verdict on each: a refusal comes inside a successful
// reply. To promote a topic that is stopped is refused: look first. With
// validateOnly the server says what it would do, and changes nothing. Where
// nothing is selected, nothing is asked.
func (c *Client) AlterMirrors(ctx context.Context, link string, verb Verb, topics Selection, validateOnly bool) ([]Verdict, error) {
	if len(topics.Names) == 0 && topics.Pattern == "" {
		return nil, nil
	}
	query := url.Values{}
	if verb == TruncateAndRestore {
		query.Set("include_partition_level_truncation_data", "true")
	}
	if validateOnly {
		query.Set("validate_only", "true")
	}
	// The verdicts come on one page: to ask for another would be to do it again.
	var verdicts page[Verdict]
	err := c.do(ctx, call{
		method: http.MethodPost,
		path:   linkPath(link) + "/mirrors:" + string(verb),
		query:  query,
		body:   topics,
	}, verdicts.decode)
	if err != nil {
		return nil, fmt.Errorf("%s mirror topics of link %q: %w", verb, link, err)
	}
	return verdicts.rows, nil
}

func mirrorPath(link, name string) string {
	return linkPath(link) + "/mirrors/" + url.PathEscape(name)
}
