package emulator_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// pair starts a source with the topic "orders" and a destination with a link to it.
func pair(t *testing.T, more map[string]string) (source, destination *emulator.Cluster, atSource, atDestination *rest) {
	t.Helper()
	source, atSource = plainCluster(t, "lkc-src", emulator.ConfluentCloud)
	destination, atDestination = plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	if err := source.CreateTopic("orders", 2); err != nil {
		t.Fatal(err)
	}
	atDestination.want(204, "POST", "/links?link_name=demo", linkTo(source, more))
	return source, destination, atSource, atDestination
}

func TestRefusedLinks(t *testing.T) {
	t.Parallel()
	source, _, _, rest := pair(t, map[string]string{"cluster.link.prefix": "src."})
	secret, _ := secured(t, "lkc-sec")
	wrong := security(secret, "")
	wrong["sasl.jaas.config"] = fmt.Sprintf(plainLogin, "link", "nonsense")
	bad := security(secret, "")
	bad["sasl.jaas.config"] = "nonsense"

	t.Cleanup(func() {
		if list := rows(rest.want(200, "GET", "/links", nil), "link_name"); len(list) != 1 {
			t.Errorf("links: %v", list)
		}
	})
	for name, test := range map[string]struct {
		query        string
		body         object
		status, code int
		says         string
	}{
		"bad name":          {"link_name=a%20b", linkTo(source, nil), 400, 40002, "Invalid cluster link name"},
		"no name":           {"", linkTo(source, nil), 400, 40002, "Invalid cluster link name"},
		"unknown setting":   {"link_name=x", linkTo(source, map[string]string{"no.such": "1"}), 400, 40002, "no.such"},
		"read-only setting": {"link_name=x", linkTo(source, map[string]string{"retry.backoff.ms": "1"}), 400, 40002, "read-only"},
		"bad boolean":       {"link_name=x", linkTo(source, map[string]string{"acl.sync.enable": "yes"}), 400, 40002, "true or false"},
		"bad number":        {"link_name=x", linkTo(source, map[string]string{"acl.sync.ms": "soon"}), 400, 40002, "LONG"},
		"low number":        {"link_name=x", linkTo(source, map[string]string{"consumer.offset.sync.ms": "999"}), 400, 40002, "at least 1000"},
		"bad mode":          {"link_name=x", linkTo(source, map[string]string{"link.mode": "BOTH"}), 400, 40002, "DESTINATION"},
		"bad filters":       {"link_name=x", linkTo(source, map[string]string{"acl.filters": "{"}), 400, 40002, "JSON"},
		"wrong filters": {"link_name=x", linkTo(source, map[string]string{
			"auto.create.mirror.topics.filters": `{"topicFilters":[{"name":"x","patternType":"REGEX","filterType":"INCLUDE"}]}`}), 400, 40002, "PREFIXED"},
		"bad sync include":   {"link_name=x", linkTo(source, map[string]string{"topic.config.sync.include": "cleanup.policy"}), 400, 40002, "must include"},
		"prefix taken":       {"link_name=x", linkTo(source, map[string]string{"cluster.link.prefix": "src."}), 400, 40002, "already exists"},
		"group prefix alone": {"link_name=x", linkTo(source, map[string]string{"consumer.group.prefix.enable": "true"}), 400, 40002, "cluster.link.prefix"},
		"no bootstrap":       {"link_name=x", object{"source_cluster_id": "lkc-src"}, 400, 40002, "bootstrap.servers"},
		"source inbound":     {"link_name=x", linkTo(source, map[string]string{"link.mode": "SOURCE", "connection.mode": "INBOUND"}), 400, 40002, "OUTBOUND"},
		"other cluster":      {"link_name=x", object{"source_cluster_id": "lkc-abc", "configs": linkTo(source, nil)["configs"]}, 400, 40002, "lkc-src"},
		"itself":             {"link_name=x", object{"source_cluster_id": "lkc-dst", "configs": linkTo(source, nil)["configs"]}, 400, 40002, "itself"},
		"nobody there":       {"link_name=x", object{"configs": settings(map[string]string{"bootstrap.servers": "127.0.0.1:1"})}, 400, 40002, "Unable to validate cluster link"},
		"unknown host":       {"link_name=x", object{"configs": settings(map[string]string{"bootstrap.servers": "kafka.example.com:9092"})}, 400, 40002, "no resolvable"},
		"refused login":      {"link_name=x", object{"configs": settings(wrong)}, 401, 40101, "Unable to validate cluster link"},
		"bad login":          {"link_name=x", object{"configs": settings(bad)}, 400, 40002, "sasl.jaas.config"},
		"bad flag":           {"link_name=x&validate_link=maybe", linkTo(source, nil), 400, 400, "validate_link"},
		"wrong type":         {"link_name=x", object{"source_cluster_id": 5}, 400, 400, "source_cluster_id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := *rest
			here.t = t
			// A name is taken while it is tried: each has one of its own.
			query := strings.Replace(test.query, "link_name=x", "link_name="+strings.ReplaceAll(name, " ", "-"), 1)
			says := here.refused(test.status, test.code, "POST", "/links?"+query, test.body)
			if !strings.Contains(says, test.says) {
				t.Errorf("message %q does not say %q", says, test.says)
			}
			if strings.Contains(says, "nonsense") {
				t.Errorf("message %q shows a secret", says)
			}
		})
	}
}

func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	source, destination, _, rest := pair(t, nil)
	if err := destination.CreateTopic("taken", 1); err != nil {
		t.Fatal(err)
	}
	if err := source.CreateTopic("taken", 1); err != nil {
		t.Fatal(err)
	}
	rest.want(204, "POST", "/links?link_name=prefixed", linkTo(source, map[string]string{"cluster.link.prefix": "p."}))
	rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
	orders := object{"mirror_topic_names": []string{"orders"}}
	alter := func(name string, value any) object {
		return object{"data": []object{{"name": name, "value": value, "operation": "SET"}}}
	}
	for name, test := range map[string]struct {
		method, path string
		body         object
		status, code int
	}{
		"missing link":         {"GET", "/links/none", nil, 404, 404},
		"missing link configs": {"GET", "/links/none/configs", nil, 404, 404},
		"missing link alter":   {"PUT", "/links/none/configs:alter", alter("acl.sync.ms", "2000"), 404, 404},
		"missing link mirrors": {"GET", "/links/none/mirrors", nil, 404, 404},
		"missing setting":      {"GET", "/links/demo/configs/none", nil, 404, 404},
		"missing mirror":       {"GET", "/links/demo/mirrors/none", nil, 404, 40403},
		"mirror of other link": {"GET", "/links/prefixed/mirrors/orders", nil, 404, 40403},
		"missing topic":        {"GET", "/topics/none", nil, 404, 40403},
		"missing topic delete": {"DELETE", "/topics/none", nil, 404, 40403},
		"missing topic config": {"GET", "/topics/none/configs", nil, 404, 40403},
		"missing topic alter":  {"POST", "/topics/none/configs:alter", alter("retention.ms", "1"), 404, 40403},
		"unresolved link":      {"POST", "/links/none/mirrors", object{"source_topic_name": "orders"}, 404, 404},
		"missing source topic": {"POST", "/links/demo/mirrors", object{"source_topic_name": "none"}, 404, 40403},
		"topic exists":         {"POST", "/links/demo/mirrors", object{"source_topic_name": "taken"}, 400, 40002},
		"mirror exists":        {"POST", "/links/demo/mirrors", object{"source_topic_name": "orders"}, 400, 40002},
		"renaming":             {"POST", "/links/demo/mirrors", object{"source_topic_name": "orders", "mirror_topic_name": "x"}, 400, 40035},
		"renaming a prefixed":  {"POST", "/links/prefixed/mirrors", object{"source_topic_name": "orders", "mirror_topic_name": "orders"}, 400, 40035},
		"replication factor":   {"POST", "/links/prefixed/mirrors", object{"source_topic_name": "orders", "replication_factor": 3}, 400, 40002},
		"topic setting": {"POST", "/links/prefixed/mirrors", object{
			"source_topic_name": "orders", "configs": settings(map[string]string{"no.such": "1"})}, 400, 40002},
		"unknown setting":   {"PUT", "/links/demo/configs:alter", alter("no.such", "1"), 400, 40002},
		"immutable setting": {"PUT", "/links/demo/configs:alter", alter("cluster.link.prefix", "x"), 400, 40002},
		"read-only setting": {"PUT", "/links/demo/configs:alter", alter("retry.backoff.ms", "1"), 400, 40002},
		"malformed setting": {"PUT", "/links/demo/configs:alter", alter("acl.sync.ms", "0"), 400, 40002},
		"needed setting":    {"DELETE", "/links/demo/configs/bootstrap.servers", nil, 400, 40002},
		"setting of a kind": {"PUT", "/links/demo/configs:alter", alter("acl.sync.ms", 5), 400, 400},
		"no value":          {"PUT", "/links/demo/configs/acl.sync.ms", object{}, 400, 40002},
		"POST of alter":     {"POST", "/links/demo/configs:alter", alter("acl.sync.ms", "2000"), 405, 405},
		"PUT of a link":     {"PUT", "/links/demo", object{}, 405, 405},
		"no such path":      {"GET", "/nothing", nil, 404, 404},
		"link in use":       {"DELETE", "/links/demo", nil, 403, 40301},
		"neither names":     {"POST", "/links/demo/mirrors:promote", object{}, 400, 40002},
		"names and pattern": {"POST", "/links/demo/mirrors:promote", object{"mirror_topic_names": []string{"x"}, "mirror_topic_name_pattern": "x"}, 400, 40002},
		"bad pattern":       {"POST", "/links/demo/mirrors:promote", object{"mirror_topic_name_pattern": "("}, 400, 40002},
		"unknown verb":      {"POST", "/links/demo/mirrors:stop", orders, 404, 404},
		"topic taken":       {"POST", "/topics", object{"topic_name": "taken"}, 400, 40002},
		"bad topic name":    {"POST", "/topics", object{"topic_name": "a/b"}, 400, 40002},
		"bad topic config":  {"POST", "/topics/taken/configs:alter", alter("no.such", "1"), 400, 40002},
		"too many replicas": {"POST", "/topics", object{"topic_name": "new", "replication_factor": 2}, 400, 40002},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := *rest
			here.t = t
			var body any
			if test.body != nil {
				body = test.body
			}
			here.refused(test.status, test.code, test.method, test.path, body)
		})
	}
}

func TestForeignClusterID(t *testing.T) {
	t.Parallel()
	_, rest := plainCluster(t, "lkc-1", emulator.ConfluentCloud)
	rest.base = strings.Replace(rest.base, "lkc-1", "lkc-2", 1)
	if says := rest.refused(404, 404, "GET", "/links", nil); says != "Cluster lkc-2 cannot be found." {
		t.Error(says)
	}
}

// TestBodies sends bodies that are no JSON, not said to be, or too large.
func TestBodies(t *testing.T) {
	t.Parallel()
	c, rest := plainCluster(t, "lkc-1", emulator.ConfluentCloud)
	for name, test := range map[string]struct {
		contentType string
		body        []byte
		status      int
	}{
		"no JSON":      {"application/json", []byte("password=hunter2"), 400},
		"not declared": {"text/plain", []byte("{}"), 415},
		"too large":    {"application/json", bytes.Repeat([]byte(" "), 9<<20), 413},
	} {
		response, err := rest.client.Post(rest.base+"/links?link_name=x", test.contentType, bytes.NewReader(test.body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != test.status {
			t.Errorf("%s: status %d, want %d; %v", name, response.StatusCode, test.status, err)
		}
	}
	if all := fmt.Sprint(c.Requests()); strings.Contains(all, "hunter2") {
		t.Error("a body that cannot be judged was recorded")
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	cfg := emulator.Config{
		ClusterID: "lkc-1", Users: map[string]string{"admin": "admin-secret"}, Tokens: []string{"token-secret"}, BasePath: "/v3",
	}
	c := start(t, cfg)
	rest := restOf(t, c, cfg)
	rest.want(200, "GET", "/links", nil)
	rest.password = "wrong-secret"
	rest.refused(401, 40101, "GET", "/links", nil)
	rest.user, rest.password = "nobody", ""
	rest.refused(401, 40101, "GET", "/links", nil)
	rest.user = ""
	rest.refused(401, 40101, "GET", "/links", nil)

	for token, status := range map[string]int{"token-secret": 200, "wrong-secret": 401} {
		request, err := http.NewRequest("GET", rest.base+"/links", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := rest.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != status {
			t.Errorf("token %s: %d, %v", token, response.StatusCode, err)
		}
	}
	if all := fmt.Sprintf("%+v", c.Requests()); strings.Contains(all, "-secret") || strings.Contains(all, "Authorization") {
		t.Errorf("recordings hold credentials: %s", all)
	}
}
