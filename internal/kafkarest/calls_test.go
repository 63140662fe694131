package kafkarest

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// none is what a call that only succeeds or fails returns.
func none(err error) (any, error) { return nil, err }

func TestCalls(t *testing.T) {
	t.Parallel()
	const up = "/kafka/v3/clusters/lkc-1"
	jaas := `org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";`
	for _, test := range []struct {
		name  string
		do    func(context.Context, *Client) (any, error)
		line  string
		body  string
		reply reply
		want  any
	}{
		{
			name: "create the link of a curl walkthrough",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.CreateLink(ctx, NewLink{
					Name: "link-di3", SourceClusterID: "MToL0AbqRMqxznu7C7CPOw", Validate: true,
					Configs: []Setting{
						{Name: "bootstrap.servers", Value: "rb-0:9092"},
						{Name: "security.protocol", Value: "SASL_SSL"},
						{Name: "sasl.mechanism", Value: "PLAIN"},
						{Name: "sasl.jaas.config", Value: jaas, Sensitive: true},
					},
				}, false))
			},
			line: "POST " + up + "/links?link_name=link-di3&validate_link=true",
			body: `{"source_cluster_id":"MToL0AbqRMqxznu7C7CPOw","configs":[` +
				`{"name":"bootstrap.servers","value":"rb-0:9092"},{"name":"security.protocol","value":"SASL_SSL"},` +
				`{"name":"sasl.mechanism","value":"PLAIN"},{"name":"sasl.jaas.config","value":"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p\";"}]}`,
			reply: jsonReply(201, ""),
		},
		{
			name: "create the destination half of a source-initiated link",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.CreateLink(ctx, NewLink{
					Name: "link-si3", SourceClusterID: "MToL0AbqRMqxznu7C7CPOw",
					Configs: []Setting{{Name: "link.mode", Value: "DESTINATION"}, {Name: "connection.mode", Value: "INBOUND"}},
				}, true))
			},
			line:  "POST " + up + "/links?link_name=link-si3&validate_link=false&validate_only=true",
			body:  `{"source_cluster_id":"MToL0AbqRMqxznu7C7CPOw","configs":[{"name":"link.mode","value":"DESTINATION"},{"name":"connection.mode","value":"INBOUND"}]}`,
			reply: jsonReply(204, ""),
		},
		{
			name: "create the source half",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.CreateLink(ctx, NewLink{Name: "link-si3", DestinationClusterID: "lkc-9k5jqy", Validate: true}, false))
			},
			line:  "POST " + up + "/links?link_name=link-si3&validate_link=true",
			body:  `{"destination_cluster_id":"lkc-9k5jqy","configs":[]}`,
			reply: jsonReply(200, `{"kind": "KafkaLinkData"}`),
		},
		{
			name: "create a bidirectional link",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.CreateLink(ctx, NewLink{Name: "bi", RemoteClusterID: "lkc-2", Validate: true}, false))
			},
			line:  "POST " + up + "/links?link_name=bi&validate_link=true",
			body:  `{"remote_cluster_id":"lkc-2","configs":[]}`,
			reply: jsonReply(201, ""),
		},
		{
			name:  "delete a link",
			do:    func(ctx context.Context, c *Client) (any, error) { return none(c.DeleteLink(ctx, "link-di1", false)) },
			line:  "DELETE " + up + "/links/link-di1",
			reply: jsonReply(204, ""),
		},
		{
			name:  "delete a link by force",
			do:    func(ctx context.Context, c *Client) (any, error) { return none(c.DeleteLink(ctx, "link-di1", true)) },
			line:  "DELETE " + up + "/links/link-di1?force=true",
			reply: jsonReply(200, "{}"),
		},
		{
			name: "list links as Confluent Platform answers",
			do:   func(ctx context.Context, c *Client) (any, error) { return c.Links(ctx) },
			line: "GET " + up + "/links",
			reply: jsonReply(200, `{"kind": "KafkaLinkDataList", "metadata": {"self": "http://h/links", "next": null}, "data": [
				{"kind": "KafkaLinkData", "metadata": {"self": "http://h/links/link-si1"}, "source_cluster_id": "MToL0AbqRMqxznu7C7CPOw",
				 "destination_cluster_id": null, "link_name": "link-si1", "link_id": "e6af9bc0-c3ff-4d50-b110-092d83ed37cc",
				 "cluster_link_id": "5q-bwMP_TVCxEAktg-03zA", "topic_names": ["test-si1"]},
				{"link_name": "", "link_state": "UNMANAGED_SOURCE"},
				{"link_name": null}, null]}`),
			want: []Link{{Name: "link-si1", ID: "5q-bwMP_TVCxEAktg-03zA", SourceClusterID: "MToL0AbqRMqxznu7C7CPOw", TopicNames: []string{"test-si1"}}},
		},
		{
			name: "get a link of Confluent Cloud with its tasks",
			do:   func(ctx context.Context, c *Client) (any, error) { return c.Link(ctx, "l", true) },
			line: "GET " + up + "/links/l?include_tasks=true",
			reply: jsonReply(200, `{"kind": "KafkaLinkData", "source_cluster_id": null, "destination_cluster_id": null, "remote_cluster_id": "lkc-2",
				"link_name": "l", "cluster_link_id": "id", "topic_names": null, "link_state": "SOMETHING_NEW", "link_error": "TIMEOUT_ERROR",
				"link_error_message": "no answer", "new_field": {"a": [1]},
				"tasks": [{"task_name": "ConsumerOffsetSync", "state": "IN_ERROR", "errors": [{"error_code": "AUTH", "error_message": "no rights"}]}],
				"category_counts": [{"state_category": "ACTIVE", "count": 3}]}`),
			want: &Link{
				Name: "l", ID: "id", RemoteClusterID: "lkc-2", State: "SOMETHING_NEW", Error: "TIMEOUT_ERROR", ErrorMessage: "no answer",
				Tasks: []LinkTask{{Name: "ConsumerOffsetSync", State: "IN_ERROR", Errors: []struct {
					Code    string `json:"error_code"`
					Message string `json:"error_message"`
				}{{"AUTH", "no rights"}}}},
				CategoryCounts: []LinkCategory{{"ACTIVE", 3}},
			},
		},
		{
			name: "get a link with nothing but nulls",
			do:   func(ctx context.Context, c *Client) (any, error) { return c.Link(ctx, "l", false) },
			line: "GET " + up + "/links/l",
			reply: jsonReply(200, `{"source_cluster_id": null, "destination_cluster_id": null, "remote_cluster_id": null, "link_name": "l", "link_id": null,
				"cluster_link_id": null, "topic_names": null, "link_state": null, "link_error": null, "link_error_message": null, "tasks": null, "category_counts": null}`),
			want: &Link{Name: "l"},
		},
		{
			name: "link settings of an older server",
			do:   func(ctx context.Context, c *Client) (any, error) { return c.LinkSettings(ctx, "l") },
			line: "GET " + up + "/links/l/configs",
			reply: jsonReply(200, `{"data": [
				{"name": "sasl.jaas.config", "value": null, "sensitive": true, "read_only": false, "default": false, "source": "DYNAMIC_CLUSTER_LINK_CONFIG", "synonyms": []},
				{"name": "link.mode", "value": "DESTINATION", "read_only": true, "default": true, "sensitive": null}]}`),
			want: []ReportedSetting{
				{Name: "sasl.jaas.config", Source: "DYNAMIC_CLUSTER_LINK_CONFIG", IsSensitive: true},
				{Name: "link.mode", Value: ptr("DESTINATION"), IsReadOnly: true, IsDefault: true},
			},
		},
		{
			name: "link settings of Confluent Cloud",
			do:   func(ctx context.Context, c *Client) (any, error) { return c.LinkSettings(ctx, "l") },
			line: "GET " + up + "/links/l/configs",
			reply: jsonReply(200, `{"data": [
				{"name": "a", "value": "", "is_sensitive": true, "is_read_only": true, "is_default": true, "source": "X"},
				{"name": "b", "value": "1", "source": "DEFAULT_CONFIG"},
				{"name": "c", "value": null, "source": null, "is_default": null, "is_sensitive": null, "is_read_only": null}]}`),
			want: []ReportedSetting{
				{Name: "a", Value: ptr(""), Source: "X", IsSensitive: true, IsReadOnly: true, IsDefault: true},
				{Name: "b", Value: ptr("1"), Source: "DEFAULT_CONFIG", IsDefault: true},
				{Name: "c"},
			},
		},
		{
			name:  "one link setting",
			do:    func(ctx context.Context, c *Client) (any, error) { return c.LinkSetting(ctx, "l", "bootstrap.servers") },
			line:  "GET " + up + "/links/l/configs/bootstrap.servers",
			reply: jsonReply(200, `{"name": "bootstrap.servers", "value": "h:1", "is_default": false}`),
			want:  &ReportedSetting{Name: "bootstrap.servers", Value: ptr("h:1")},
		},
		{
			name: "alter link settings",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.AlterLinkSettings(ctx, "l", []Change{
					{Setting: Setting{Name: "a", Value: ""}}, {Setting: Setting{Name: "b", Value: "gone"}, Reset: true},
				}, false))
			},
			line:  "PUT " + up + "/links/l/configs:alter",
			body:  `{"data":[{"name":"a","operation":"SET","value":""},{"name":"b","operation":"DELETE"}]}`,
			reply: jsonReply(204, ""),
		},
		{
			name: "try to alter no link setting",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.AlterLinkSettings(ctx, "l", nil, true))
			},
			line:  "PUT " + up + "/links/l/configs:alter?validate_only=true",
			body:  `{"data":[]}`,
			reply: jsonReply(204, ""),
		},
		{
			name: "create the mirror of a curl walkthrough",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.CreateMirror(ctx, "link-di3", NewMirror{SourceTopicName: "test-di1", Name: "test-di1"}))
			},
			line:  "POST " + up + "/links/link-di3/mirrors",
			body:  `{"source_topic_name":"test-di1","configs":[]}`,
			reply: jsonReply(201, ""),
		},
		{
			name: "create a mirror with everything",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.CreateMirror(ctx, "l", NewMirror{
					SourceTopicName: "t", Name: "p-t", ReplicationFactor: 3, Configs: []Setting{{Name: "retention.ms", Value: "1"}},
				}))
			},
			line:  "POST " + up + "/links/l/mirrors",
			body:  `{"source_topic_name":"t","mirror_topic_name":"p-t","replication_factor":3,"configs":[{"name":"retention.ms","value":"1"}]}`,
			reply: jsonReply(204, ""),
		},
		{
			name: "list mirrors of every link",
			do:   func(ctx context.Context, c *Client) (any, error) { return c.Mirrors(ctx, AnyLink, "") },
			line: "GET " + up + "/links/-/mirrors",
			reply: jsonReply(200, `{"data": [
				{"link_name": "l", "mirror_topic_name": "m", "source_topic_name": "s", "num_partitions": 1, "mirror_status": "PENDING_NEWS", "state_time_ms": 1700000000000,
				 "mirror_lags": [{"partition": 0, "lag": 5, "last_source_fetch_offset": -1}]},
				{"link_name": null, "mirror_topic_name": "n", "source_topic_name": null, "num_partitions": null, "mirror_lags": null, "mirror_status": null,
				 "mirror_topic_error": null, "state_time_ms": null, "mirror_state_transition_errors": null}]}`),
			want: []Mirror{
				{LinkName: "l", Name: "m", SourceTopicName: "s", NumPartitions: 1, Status: "PENDING_NEWS", StateTimeMS: 1700000000000, Lags: []Lag{{0, 5, -1}}},
				{Name: "n"},
			},
		},
		{
			name:  "list mirrors of a status",
			do:    func(ctx context.Context, c *Client) (any, error) { return c.Mirrors(ctx, "l", "PENDING_STOPPED") },
			line:  "GET " + up + "/links/l/mirrors?mirror_status=PENDING_STOPPED",
			reply: jsonReply(200, `{"data": []}`),
			want:  []Mirror(nil),
		},
		{
			name: "get a mirror and why it is stuck",
			do:   func(ctx context.Context, c *Client) (any, error) { return c.Mirror(ctx, "l", "m", true) },
			line: "GET " + up + "/links/l/mirrors/m?include_state_transition_errors=true",
			reply: jsonReply(200, `{"mirror_topic_name": "m", "mirror_status": "PENDING_STOPPED", "mirror_topic_error": "NO_ERROR",
				"mirror_state_transition_errors": [{"error_code": "LAG", "error_message": "lag is 3"}]}`),
			want: &Mirror{Name: "m", Status: StatusPendingStopped, Error: "NO_ERROR", TransitionErrors: []struct {
				Code    string `json:"error_code"`
				Message string `json:"error_message"`
			}{{"LAG", "lag is 3"}}},
		},
		{
			name: "promote by name",
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.AlterMirrors(ctx, "l", Promote, Selection{Names: []string{"a", "b", "c"}}, false)
			},
			line: "POST " + up + "/links/l/mirrors:promote",
			body: `{"mirror_topic_names":["a","b","c"]}`,
			// A second page of verdicts would have to be asked for by promoting again.
			reply: jsonReply(200, `{"metadata": {"next": "http://h/x?page_token=2"}, "data": [
				{"mirror_topic_name": "a", "error_code": null, "error_message": null, "mirror_lags": []},
				{"mirror_topic_name": "b", "error_code": 0, "mirror_lags": [{"partition": 1, "lag": 2, "last_source_fetch_offset": 9}]},
				{"mirror_topic_name": "c", "error_code": 40002, "error_message": "stopped already", "mirror_lags": null}]}`),
			want: []Verdict{
				{MirrorTopicName: "a", Lags: []Lag{}},
				{MirrorTopicName: "b", ErrorCode: ptr(0), Lags: []Lag{{1, 2, 9}}},
				{MirrorTopicName: "c", ErrorCode: ptr(40002), ErrorMessage: "stopped already"},
			},
		},
		{
			name: "try to fail over by pattern",
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.AlterMirrors(ctx, "l", Failover, Selection{Pattern: "or.*"}, true)
			},
			line:  "POST " + up + "/links/l/mirrors:failover?validate_only=true",
			body:  `{"mirror_topic_name_pattern":"or.*"}`,
			reply: jsonReply(200, `{"data": []}`),
			want:  []Verdict(nil),
		},
		{
			name: "try to truncate and restore",
			do: func(ctx context.Context, c *Client) (any, error) {
				return c.AlterMirrors(ctx, "l", TruncateAndRestore, Selection{Names: []string{"a"}}, true)
			},
			line:  "POST " + up + "/links/l/mirrors:truncate-and-restore?include_partition_level_truncation_data=true&validate_only=true",
			body:  `{"mirror_topic_names":["a"]}`,
			reply: jsonReply(200, `{"data": [{"mirror_topic_name": "a", "messages_truncated": 12, "partition_level_truncation_data": [{"partition_id": 0}]}]}`),
			want:  []Verdict{{MirrorTopicName: "a", Truncated: 12}},
		},
		{
			name:  "list topics",
			do:    func(ctx context.Context, c *Client) (any, error) { return c.Topics(ctx) },
			line:  "GET " + up + "/topics",
			reply: jsonReply(200, `{"data": [{"topic_name": "t", "partitions_count": 6, "replication_factor": 3, "is_internal": true}, {"topic_name": "u", "is_internal": null}]}`),
			want:  []Topic{{"t", 6, 3, true}, {Name: "u"}},
		},
		{
			name:  "get a topic",
			do:    func(ctx context.Context, c *Client) (any, error) { return c.Topic(ctx, "t") },
			line:  "GET " + up + "/topics/t",
			reply: jsonReply(200, `{"topic_name": "t", "partitions_count": 1}`),
			want:  &Topic{Name: "t", PartitionsCount: 1},
		},
		{
			name:  "delete a link, answered with the header of a page and no page",
			do:    func(ctx context.Context, c *Client) (any, error) { return none(c.DeleteLink(ctx, "l", false)) },
			line:  "DELETE " + up + "/links/l",
			reply: htmlReply(200, ""),
		},
		{
			name:  "delete a topic",
			do:    func(ctx context.Context, c *Client) (any, error) { return none(c.DeleteTopic(ctx, "t")) },
			line:  "DELETE " + up + "/topics/t",
			reply: jsonReply(204, ""),
		},
		{
			name:  "topic settings",
			do:    func(ctx context.Context, c *Client) (any, error) { return c.TopicSettings(ctx, "t") },
			line:  "GET " + up + "/topics/t/configs",
			reply: jsonReply(200, `{"data": [{"name": "retention.ms", "value": "1", "source": "DYNAMIC_TOPIC_CONFIG"}]}`),
			want:  []ReportedSetting{{Name: "retention.ms", Value: ptr("1"), Source: "DYNAMIC_TOPIC_CONFIG"}},
		},
		{
			name: "alter topic settings",
			do: func(ctx context.Context, c *Client) (any, error) {
				return none(c.AlterTopicSettings(ctx, "t", []Change{{Setting: Setting{Name: "retention.ms", Value: "5"}}}))
			},
			line:  "POST " + up + "/topics/t/configs:alter",
			body:  `{"data":[{"name":"retention.ms","operation":"SET","value":"5"}]}`,
			reply: jsonReply(204, ""),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, replies(test.reply))
			got, err := test.do(testContext(t), newTestClient(t, s.URL))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %s\nwant %s", show(got), show(test.want))
			}
			if s.count() != 1 || s.requests[0].line != test.line {
				t.Errorf("requests %q, want one %q", s.lines(), test.line)
			}
			if s.requests[0].body != test.body {
				t.Errorf("body %s\nwant %s", s.requests[0].body, test.body)
			}
			contentType := s.requests[0].header.Get("Content-Type")
			if (contentType == "application/json") != (test.body != "") {
				t.Errorf("Content-Type %q with body %q", contentType, test.body)
			}
			if accept := s.requests[0].header.Get("Accept"); accept != "application/json" {
				t.Errorf("Accept %q", accept)
			}
		})
	}
}

func TestNothingSelectedAsksNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, replies(jsonReply(200, `{"data": []}`)))
	verdicts, err := newTestClient(t, s.URL).AlterMirrors(testContext(t), "l", Failover, Selection{}, false)
	if verdicts != nil || err != nil || s.count() != 0 {
		t.Errorf("got %v, %v after %d requests", verdicts, err, s.count())
	}
}

// Names go into a path as one segment, whatever they hold, and come out of it again.
func TestNamesInPaths(t *testing.T) {
	t.Parallel()
	for name, escaped := range map[string]string{
		"orders.v1_x-y":          "orders.v1_x-y",
		"100%":                   "100%25",
		"%2e%2e":                 "%252e%252e",
		"a/b":                    "a%2Fb",
		"a b+c":                  "a%20b+c",
		"ünïcode":                "%C3%BCn%C3%AFcode",
		"q?x=1&y#z":              "q%3Fx=1&y%23z",
		"a;b,c":                  "a%3Bb%2Cc",
		"..a":                    "..a",
		"...":                    "...",
		"back\\slash":            "back%5Cslash",
		strings.Repeat("n", 249): strings.Repeat("n", 249),
	} {
		var path string
		s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
			path = r.URL.Path
			replies(jsonReply(200, `{"mirror_topic_name": "x"}`))(w, r, n)
		})
		if _, err := newTestClient(t, s.URL).Mirror(testContext(t), name, name, false); err != nil {
			t.Fatal(err)
		}
		if want := "GET /kafka/v3/clusters/lkc-1/links/" + escaped + "/mirrors/" + escaped; s.requests[0].line != want {
			t.Errorf("%q: %s\nwant %s", name, s.requests[0].line, want)
		}
		if want := "/kafka/v3/clusters/lkc-1/links/" + name + "/mirrors/" + name; path != want {
			t.Errorf("%q is read as %s", name, path)
		}
	}
}

func TestNamesInQueries(t *testing.T) {
	t.Parallel()
	var got string
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		got = r.URL.Query().Get("link_name")
		w.WriteHeader(201)
	})
	c := newTestClient(t, s.URL)
	for _, name := range []string{"a b&c=d", "100%", "ü/..", "plus+"} {
		if err := c.CreateLink(testContext(t), NewLink{Name: name}, false); err != nil || got != name {
			t.Errorf("%q is read as %q, %v", name, got, err)
		}
	}
}

// A server, or a proxy before it, would resolve such a path to another one:
// deleting the topic ".." would be a DELETE of the cluster.
func TestNamesThatNoPathCanHold(t *testing.T) {
	t.Parallel()
	s := serve(t, replies(jsonReply(204, "")))
	ctx, c := testContext(t), newTestClient(t, s.URL)
	for _, name := range []string{"", ".", ".."} {
		for _, err := range []error{
			c.DeleteTopic(ctx, name),
			c.DeleteLink(ctx, name, true),
			c.CreateMirror(ctx, name, NewMirror{SourceTopicName: "t"}),
			c.AlterLinkSettings(ctx, name, nil, false),
		} {
			if e := asError(t, err); e.Uncertain || !strings.Contains(err.Error(), "cannot be the name") {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	if s.count() != 0 {
		t.Errorf("requests were made: %q", s.lines())
	}
}

func TestAlterLinkSettingsOneByOne(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if strings.HasSuffix(r.URL.Path, ":alter") {
			w.WriteHeader(405)
			return
		}
		w.WriteHeader(204)
	})
	ctx, c := testContext(t), newTestClient(t, s.URL)
	changes := []Change{
		{Setting: Setting{Name: "security.protocol", Value: "SASL_SSL"}},
		{Setting: Setting{Name: "acl.sync.enable"}, Reset: true},
		{Setting: Setting{Name: "sasl.jaas.config", Value: "a <b>", Sensitive: true}},
	}
	if err := c.AlterLinkSettings(ctx, "l", changes, true); !errors.Is(err, ErrUnsupported) || s.count() != 1 {
		t.Errorf("validating got %v after %d requests", err, s.count())
	}
	if err := c.AlterLinkSettings(ctx, "l", changes, false); err != nil {
		t.Fatal(err)
	}
	const path = "/kafka/v3/clusters/lkc-1/links/l/configs"
	want := []string{
		"PUT " + path + ":alter?validate_only=true ", "PUT " + path + ":alter ",
		"PUT " + path + `/sasl.jaas.config {"value":"a \u003cb\u003e"}`,
		"PUT " + path + `/security.protocol {"value":"SASL_SSL"}`,
		"DELETE " + path + "/acl.sync.enable ",
	}
	for i, r := range s.requests {
		got := r.line + " " + r.body
		if i < 2 {
			got = r.line + " "
		}
		if got != want[i] {
			t.Errorf("request %d: %s\nwant %s", i, got, want[i])
		}
	}
	if s.count() != len(want) {
		t.Errorf("%d requests, want %d", s.count(), len(want))
	}
}

func TestUnexpectedReplies(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	calls := map[string]func(*Client) error{
		"Links":       func(c *Client) error { _, err := c.Links(ctx); return err },
		"Link":        func(c *Client) error { _, err := c.Link(ctx, "l", false); return err },
		"LinkSetting": func(c *Client) error { _, err := c.LinkSetting(ctx, "l", "s"); return err },
		"Mirror":      func(c *Client) error { _, err := c.Mirror(ctx, "l", "m", false); return err },
		"AlterMirrors": func(c *Client) error {
			_, err := c.AlterMirrors(ctx, "l", Pause, Selection{Names: []string{"m"}}, false)
			return err
		},
		"CreateLink": func(c *Client) error { return c.CreateLink(ctx, NewLink{Name: "l"}, false) },
	}
	for _, test := range []struct {
		call  string
		reply reply
		words string
	}{
		{"Links", jsonReply(200, `{"data": {"link_name": "l"}}`), "unexpected reply: "},
		{"Links", jsonReply(200, `{"data": null}`), "unexpected reply: "},
		{"Links", jsonReply(200, `{"metadata": {}}`), "it holds no data"},
		{"Links", jsonReply(200, `{"data": [{"link_name": 7}]}`), "unexpected reply: "},
		{"Links", jsonReply(200, `{"data": [], "metadata": {"next": 7}}`), "unexpected reply: "},
		{"Links", jsonReply(200, `[]`), "unexpected reply: "},
		{"Links", jsonReply(200, ``), "unexpected reply: it is empty"},
		{"Links", jsonReply(204, ``), "unexpected reply: it is empty"},
		{"Link", jsonReply(200, `null`), "unexpected reply: it is null"},
		{"Link", jsonReply(200, `[]`), "unexpected reply: "},
		{"Link", jsonReply(200, ``), "unexpected reply: it is empty"},
		{"Link", jsonReply(200, `{"link_name": {}}`), "unexpected reply: "},
		{"Link", jsonReply(200, `hello`), "unexpected reply: "},
		{"Link", htmlReply(200, `<html><title>Sign in</title>`), "a page of HTML"},
		{"LinkSetting", jsonReply(200, `{"name": "s", "value": 5}`), "unexpected reply: "},
		{"Mirror", jsonReply(200, `{"num_partitions": "12"}`), "unexpected reply: "},
		{"Mirror", jsonReply(200, `{"mirror_lags": [{"lag": 1.5}]}`), "unexpected reply: "},
		{"AlterMirrors", jsonReply(200, `{"data": [{"error_code": "x"}]}`), "unexpected reply: "},
		{"AlterMirrors", htmlReply(200, `<html>`), "a page of HTML"},
		{"CreateLink", htmlReply(200, `<html>`), "a page of HTML"},
	} {
		s := serve(t, replies(test.reply))
		e := asError(t, calls[test.call](newTestClient(t, s.URL)))
		if !strings.Contains(e.Error(), "unexpected reply: ") || !strings.Contains(e.Error(), test.words) {
			t.Errorf("%s, %s: %v", test.call, test.reply.body, e)
		}
		if s.count() != 1 {
			t.Errorf("%s, %s: asked %d times", test.call, test.reply.body, s.count())
		}
		write := test.call == "AlterMirrors" || test.call == "CreateLink"
		if e.Uncertain != write || e.Status != test.reply.status {
			t.Errorf("%s, %s: uncertain %v, status %d", test.call, test.reply.body, e.Uncertain, e.Status)
		}
	}
}
