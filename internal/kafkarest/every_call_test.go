package kafkarest

import (
	"context"
	"reflect"
	"testing"
)

// apiCall is a call of the client.
type apiCall struct {
	method string // of Client
	do     func(context.Context, *Client) (any, error)
	writes bool   // it changes something on the server
	good   reply  // with what the server answers
	wrong  string // the same with a wrong type in it; empty: the body does not matter
	// repeated is the answer of a server that has carried the write out already,
	// and meaning what the client makes of it.
	repeated reply
	meaning  error
}

func (c apiCall) decodes() bool { return c.wrong != "" }

var (
	alterations = []Change{{Setting: Setting{Name: "a", Value: "1"}}}
	selected    = Selection{Names: []string{"m"}}
	done        = jsonReply(204, "")
	exists      = jsonReply(409, `{"error_code": 40902, "message": "Cluster link 'l' already exists."}`)
	gone        = jsonReply(404, `{"error_code": 404, "message": "Cluster link 'l' does not exist."}`)
)

const (
	linkObject   = `{"link_name": "l", "link_state": "ACTIVE", "link_error": "NO_ERROR", "tasks": [{"task_name": "t", "state": "ACTIVE", "errors": []}]}`
	mirrorObject = `{"mirror_topic_name": "m", "mirror_status": "ACTIVE", "mirror_lags": [{"partition": 0, "lag": 1}]}`
	settingRow   = `{"name": "a", "value": "1", "source": "DYNAMIC_CLUSTER_LINK_CONFIG"}`
	verdictList  = `{"data": [{"mirror_topic_name": "m", "error_code": null}]}`
	topicObject  = `{"topic_name": "t", "partitions_count": 1}`
	badList      = `{"data": {"link_name": "l"}}`
)

func listOf(row string) reply { return jsonReply(200, `{"data": [`+row+`]}`) }

// everyCall lists all calls; TestEveryCallIsListed keeps it complete.
var everyCall = []apiCall{
	{method: "ClusterID", good: listOf(`{"cluster_id": "lkc-1"}`), wrong: badList,
		do: func(ctx context.Context, c *Client) (any, error) { return c.ClusterID(ctx) }},
	{method: "Links", good: listOf(linkObject), wrong: badList,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Links(ctx) }},
	{method: "Link", good: jsonReply(200, linkObject), wrong: `{"link_name": ["l"]}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Link(ctx, "l", true) }},
	{method: "CreateLink", writes: true, good: jsonReply(201, ""), repeated: exists, meaning: ErrExists,
		do: func(ctx context.Context, c *Client) (any, error) {
			return none(c.CreateLink(ctx, NewLink{Name: "l"}, false))
		}},
	{method: "CreateLink", good: done, // only validates
		do: func(ctx context.Context, c *Client) (any, error) {
			return none(c.CreateLink(ctx, NewLink{Name: "l"}, true))
		}},
	{method: "DeleteLink", writes: true, good: done, repeated: gone, meaning: ErrNotFound,
		do: func(ctx context.Context, c *Client) (any, error) { return none(c.DeleteLink(ctx, "l", false)) }},
	{method: "LinkSettings", good: listOf(settingRow), wrong: badList,
		do: func(ctx context.Context, c *Client) (any, error) { return c.LinkSettings(ctx, "l") }},
	{method: "LinkSetting", good: jsonReply(200, settingRow), wrong: `{"name": "a", "value": 1}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.LinkSetting(ctx, "l", "a") }},
	{method: "AlterLinkSettings", writes: true, good: done, repeated: done,
		do: func(ctx context.Context, c *Client) (any, error) {
			return none(c.AlterLinkSettings(ctx, "l", alterations, false))
		}},
	{method: "AlterLinkSettings", good: done, // only validates
		do: func(ctx context.Context, c *Client) (any, error) {
			return none(c.AlterLinkSettings(ctx, "l", alterations, true))
		}},
	{method: "Mirrors", good: listOf(mirrorObject), wrong: badList,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Mirrors(ctx, "l", "") }},
	{method: "Mirror", good: jsonReply(200, mirrorObject), wrong: `{"mirror_lags": 7}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Mirror(ctx, "l", "m", true) }},
	{method: "CreateMirror", writes: true, good: jsonReply(201, ""), meaning: ErrExists,
		repeated: jsonReply(400, `{"error_code": 40002, "message": "Topic 'm' already exists."}`),
		do: func(ctx context.Context, c *Client) (any, error) {
			return none(c.CreateMirror(ctx, "l", NewMirror{SourceTopicName: "m"}))
		}},
	{method: "AlterMirrors", writes: true, good: jsonReply(200, verdictList), wrong: `{"data": [{"error_code": "no"}]}`,
		repeated: listOf(`{"mirror_topic_name": "m", "error_code": 40002, "error_message": "it is stopped"}`),
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.AlterMirrors(ctx, "l", Promote, selected, false)
		}},
	{method: "AlterMirrors", good: jsonReply(200, verdictList), wrong: badList, // only validates
		do: func(ctx context.Context, c *Client) (any, error) {
			return c.AlterMirrors(ctx, "l", Promote, selected, true)
		}},
	{method: "Topics", good: listOf(topicObject), wrong: badList,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Topics(ctx) }},
	{method: "Topic", good: jsonReply(200, topicObject), wrong: `{"partitions_count": "1"}`,
		do: func(ctx context.Context, c *Client) (any, error) { return c.Topic(ctx, "t") }},
	{method: "DeleteTopic", writes: true, good: done, repeated: gone, meaning: ErrNotFound,
		do: func(ctx context.Context, c *Client) (any, error) { return none(c.DeleteTopic(ctx, "t")) }},
	{method: "TopicSettings", good: listOf(settingRow), wrong: badList,
		do: func(ctx context.Context, c *Client) (any, error) { return c.TopicSettings(ctx, "t") }},
	{method: "AlterTopicSettings", writes: true, good: done, repeated: done,
		do: func(ctx context.Context, c *Client) (any, error) {
			return none(c.AlterTopicSettings(ctx, "t", alterations))
		}},
}

func TestEveryCallIsListed(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, c := range everyCall {
		listed[c.method] = true
		if c.writes && c.repeated.status == 0 {
			t.Errorf("what happens to a repeated %s is not listed", c.method)
		}
	}
	for m := range reflect.TypeFor[*Client]().Methods() {
		if !listed[m.Name] {
			t.Errorf("%s is not listed", m.Name)
		}
	}
}
