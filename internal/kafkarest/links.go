package kafkarest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// Link is a cluster link as the server reports it. Which of the three cluster
// ids is set depends on the mode and on the side that is asked. Fields that
// older servers do not know are empty.
type Link struct {
	Name                 string         `json:"link_name"`
	ID                   string         `json:"cluster_link_id"`
	SourceClusterID      string         `json:"source_cluster_id"`
	DestinationClusterID string         `json:"destination_cluster_id"`
	RemoteClusterID      string         `json:"remote_cluster_id"`
	TopicNames           []string       `json:"topic_names"`
	State                string         `json:"link_state"` // an open set
	Error                string         `json:"link_error"` // an open set; see Healthy
	ErrorMessage         string         `json:"link_error_message"`
	Tasks                []LinkTask     `json:"tasks"` // only where asked for
	CategoryCounts       []LinkCategory `json:"category_counts"`
}

// Healthy reports whether the link shows no error. The state is no measure of
// that: it passes through other values after creation, and a link that is
// paused is healthy.
func (l *Link) Healthy() bool {
	return l.Error == "" || l.Error == "NO_ERROR"
}

// LinkTask is a background task of a link, such as the sync of consumer offsets.
type LinkTask struct {
	Name   string `json:"task_name"`
	State  string `json:"state"`
	Errors []struct {
		Code    string `json:"error_code"`
		Message string `json:"error_message"`
	} `json:"errors"`
}

// LinkCategory counts mirror topics of one kind.
type LinkCategory struct {
	Category string `json:"state_category"`
	Count    int64  `json:"count"`
}

// NewLink is a link to create. At most one of the cluster ids is set.
type NewLink struct {
	Name                 string    `json:"-"`
	SourceClusterID      string    `json:"source_cluster_id,omitempty"`
	DestinationClusterID string    `json:"destination_cluster_id,omitempty"`
	RemoteClusterID      string    `json:"remote_cluster_id,omitempty"`
	Configs              []Setting `json:"configs"`
	// Validate lets the server refuse the link where the remote cluster cannot be reached.
	Validate bool `json:"-"`
}

// Links returns all links of the cluster. Rows without a name, which a deleted
// source-initiated link leaves behind, cannot be addressed and are left out.
func (c *Client) Links(ctx context.Context) ([]Link, error) {
	links, err := list[Link](ctx, c, call{method: http.MethodGet, path: "/links"})
	if err != nil {
		return nil, fmt.Errorf("list links: %w", err)
	}
	return slices.DeleteFunc(links, func(l Link) bool { return l.Name == "" }), nil
}

// Link returns one link, or ErrNotFound; tasks asks for its tasks too.
func (c *Client) Link(ctx context.Context, name string, tasks bool) (*Link, error) {
	cl := call{method: http.MethodGet, path: linkPath(name)}
	if tasks {
		cl.query = url.Values{"include_tasks": {"true"}}
	}
	link, err := get[Link](ctx, c, cl)
	if err != nil {
		return nil, fmt.Errorf("get link %q: %w", name, err)
	}
	return link, nil
}

// CreateLink creates a link. With validateOnly the server says whether it
// would, and changes nothing.
func (c *Client) CreateLink(ctx context.Context, link NewLink, validateOnly bool) error {
	link.Configs = orEmpty(link.Configs)
	query := url.Values{"link_name": {link.Name}, "validate_link": {strconv.FormatBool(link.Validate)}}
	if validateOnly {
		query.Set("validate_only", "true")
	}
	err := c.do(ctx, call{
		method:  http.MethodPost,
		path:    "/links",
		query:   query,
		body:    link,
		secrets: secretsOf(link.Configs),
	}, nil)
	if err != nil {
		return fmt.Errorf("create link %q: %w", link.Name, err)
	}
	return nil
}

// DeleteLink deletes a link. Without force, a server refuses while the link
// still has mirror topics. A link that is gone is ErrNotFound.
func (c *Client) DeleteLink(ctx context.Context, name string, force bool) error {
	cl := call{method: http.MethodDelete, path: linkPath(name)}
	if force {
		cl.query = url.Values{"force": {"true"}}
	}
	if err := c.do(ctx, cl, nil); err != nil {
		return fmt.Errorf("delete link %q: %w", name, err)
	}
	return nil
}

func linkPath(name string) string {
	return "/links/" + url.PathEscape(name)
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
