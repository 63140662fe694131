package kafkarest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Setting is a setting of a link or a topic to send.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Sensitive: no error may repeat the value, unless it is so short or
	// common (true, PLAIN) that it can be no secret.
	Sensitive bool `json:"-"`
}

// Change sets one setting, or resets it to its default.
type Change struct {
	Setting
	Reset bool
}

// MarshalJSON writes {name, value, operation: SET} or {name, operation: DELETE}.
func (c Change) MarshalJSON() ([]byte, error) {
	if c.Reset {
		return json.Marshal(map[string]string{"name": c.Name, "operation": "DELETE"})
	}
	return json.Marshal(map[string]string{"name": c.Name, "value": c.Value, "operation": "SET"})
}

// ReportedSetting is a setting as the server reports it.
type ReportedSetting struct {
	Name string
	// Value is nil for every secret, and for some settings that are not set.
	Value       *string
	Source      string // DYNAMIC_CLUSTER_LINK_CONFIG, DEFAULT_CONFIG, …; older servers call everything dynamic
	IsDefault   bool
	IsReadOnly  bool
	IsSensitive bool
}

// UnmarshalJSON reads both spellings of the flags: is_default on Confluent
// Cloud, default on older servers.
func (s *ReportedSetting) UnmarshalJSON(data []byte) error {
	var row struct {
		Name        string  `json:"name"`
		Value       *string `json:"value"`
		Source      string  `json:"source"`
		IsDefault   bool    `json:"is_default"`
		IsReadOnly  bool    `json:"is_read_only"`
		IsSensitive bool    `json:"is_sensitive"`
		Default     bool    `json:"default"`
		ReadOnly    bool    `json:"read_only"`
		Sensitive   bool    `json:"sensitive"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*s = ReportedSetting{
		Name: row.Name, Value: row.Value, Source: row.Source,
		IsDefault:   row.IsDefault || row.Default || row.Source == "DEFAULT_CONFIG",
		IsReadOnly:  row.IsReadOnly || row.ReadOnly,
		IsSensitive: row.IsSensitive || row.Sensitive,
	}
	return nil
}

// LinkSettings returns all settings of a link.
func (c *Client) LinkSettings(ctx context.Context, link string) ([]ReportedSetting, error) {
	settings, err := c.settings(ctx, linkPath(link)+"/configs")
	if err != nil {
		return nil, fmt.Errorf("list settings of link %q: %w", link, err)
	}
	return settings, nil
}

// LinkSetting returns one setting of a link, or ErrNotFound.
func (c *Client) LinkSetting(ctx context.Context, link, name string) (*ReportedSetting, error) {
	cl := call{method: http.MethodGet, path: linkPath(link) + "/configs/" + url.PathEscape(name)}
	setting, err := get[ReportedSetting](ctx, c, cl)
	if err != nil {
		return nil, fmt.Errorf("get setting %q of link %q: %w", name, link, err)
	}
	return setting, nil
}

// AlterLinkSettings carries out all changes in one call. Where a server does
// not offer that call (405), it makes one call a setting instead, in an
// order in which nothing is switched on before what it needs.
// With validateOnly the server says whether it would, and changes nothing.
func (c *Client) AlterLinkSettings(ctx context.Context, link string, changes []Change, validateOnly bool) error {
	cl := call{
		method:  http.MethodPut,
		path:    linkPath(link) + "/configs:alter",
		body:    changeSet{orEmpty(changes)},
		secrets: secretsOfChanges(changes),
	}
	if validateOnly {
		cl.query = url.Values{"validate_only": {"true"}}
	}
	err := c.do(ctx, cl, nil)
	refusal, ok := errors.AsType[*Error](err)
	if ok && refusal.Status == http.StatusMethodNotAllowed && !validateOnly {
		err = c.alterOneByOne(ctx, link, changes)
	}
	if err != nil {
		return fmt.Errorf("alter settings of link %q: %w", link, err)
	}
	return nil
}

func (c *Client) alterOneByOne(ctx context.Context, link string, changes []Change) error {
	ordered := slices.Clone(changes)
	slices.SortStableFunc(ordered, func(a, b Change) int { return a.turn() - b.turn() })
	for _, change := range ordered {
		cl := call{method: http.MethodPut, path: linkPath(link) + "/configs/" + url.PathEscape(change.Name)}
		if change.Reset {
			cl.method = http.MethodDelete
		} else {
			cl.body = map[string]string{"value": change.Value}
			cl.secrets = secretsOfChanges([]Change{change})
		}
		if err := c.do(ctx, cl, nil); err != nil {
			return fmt.Errorf("setting %q: %w", change.Name, err)
		}
	}
	return nil
}

// turn orders changes that are made one after another: what others need comes
// before what switches them over, and what is no longer needed goes last.
func (c Change) turn() int {
	switch {
	case c.Reset:
		return 3
	case c.Sensitive:
		return 0
	case c.Name == "security.protocol":
		return 2
	default:
		return 1
	}
}

// TopicSettings returns all settings of a topic.
func (c *Client) TopicSettings(ctx context.Context, topic string) ([]ReportedSetting, error) {
	settings, err := c.settings(ctx, topicPath(topic)+"/configs")
	if err != nil {
		return nil, fmt.Errorf("list settings of topic %q: %w", topic, err)
	}
	return settings, nil
}

// AlterTopicSettings carries out all changes in one call.
func (c *Client) AlterTopicSettings(ctx context.Context, topic string, changes []Change) error {
	err := c.do(ctx, call{
		method:  http.MethodPost,
		path:    topicPath(topic) + "/configs:alter",
		body:    changeSet{orEmpty(changes)},
		secrets: secretsOfChanges(changes),
	}, nil)
	if err != nil {
		return fmt.Errorf("alter settings of topic %q: %w", topic, err)
	}
	return nil
}

type changeSet struct {
	Data []Change `json:"data"`
}

func (c *Client) settings(ctx context.Context, path string) ([]ReportedSetting, error) {
	return list[ReportedSetting](ctx, c, call{method: http.MethodGet, path: path})
}

func secretsOf(settings []Setting) []string {
	var secrets []string
	for _, s := range settings {
		if s.Sensitive {
			secrets = append(secrets, s.Value)
		}
	}
	return secrets
}

func secretsOfChanges(changes []Change) []string {
	settings := make([]Setting, 0, len(changes))
	for _, c := range changes {
		settings = append(settings, c.Setting)
	}
	return secretsOf(settings)
}
