package emulator_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

func (r *rest) configs(link string) map[string]object {
	r.t.Helper()
	return rows(r.want(200, "GET", "/links/"+link+"/configs", nil), "name")
}

func TestSettingsOnCloud(t *testing.T) {
	t.Parallel()
	secret, _ := secured(t, "lkc-sec")
	_, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	rest.want(204, "POST", "/links?link_name=demo", object{"configs": settings(security(secret, ""))})
	configs := rest.configs("demo")
	for name, want := range map[string]string{
		"security.protocol":                     "SASL_SSL DYNAMIC_CLUSTER_LINK_CONFIG false false false",
		"acl.sync.ms":                           "5000 DEFAULT_CONFIG true false false",
		"request.timeout.ms":                    "30000 DEFAULT_CONFIG true true false",
		"acl.filters":                           " DEFAULT_CONFIG true false false",
		"cluster.link.prefix":                   "<nil> DEFAULT_CONFIG true false false",
		"sasl.jaas.config":                      "<nil> DYNAMIC_CLUSTER_LINK_CONFIG false false true",
		"local.sasl.jaas.config":                "<nil> DEFAULT_CONFIG true false true",
		"ssl.keystore.location":                 "<nil> <nil> <nil> <nil> <nil>",
		"ssl.endpoint.identification.algorithm": "https DEFAULT_CONFIG true false false",
	} {
		c := configs[name]
		got := fmt.Sprint(c["value"], " ", c["source"], " ", c["is_default"], " ", c["is_read_only"], " ", c["is_sensitive"])
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	one := rest.want(200, "GET", "/links/demo/configs/sasl.jaas.config", nil)
	if value, there := one["value"]; value != nil || !there || one["link_name"] != "demo" || one["cluster_id"] != "lkc-dst" {
		t.Errorf("one setting: %v", one)
	}
}

func TestAlterSettings(t *testing.T) {
	t.Parallel()
	_, _, _, rest := pair(t, map[string]string{
		"consumer.offset.sync.enable":   "true",
		"consumer.offset.group.filters": `{"groupFilters":[{"name":"*","patternType":"LITERAL","filterType":"INCLUDE"}]}`,
		"acl.sync.ms":                   "7000",
	})
	alter := func(query string, data ...object) {
		t.Helper()
		rest.want(204, "PUT", "/links/demo/configs:alter"+query, object{"data": data})
	}
	value := func(name string) any { return rest.configs("demo")[name]["value"] }

	alter("?validate_only=true", object{"name": "acl.sync.ms", "value": "9000"})
	if got := value("acl.sync.ms"); got != "7000" {
		t.Errorf("validate_only changed it to %v", got)
	}
	alter("", object{"name": "acl.sync.ms", "operation": "DELETE"}, object{"name": "consumer.offset.sync.ms", "value": "2000", "operation": "SET"})
	if a, b := value("acl.sync.ms"), value("consumer.offset.sync.ms"); a != "5000" || b != "2000" {
		t.Errorf("values: %v, %v", a, b)
	}
	// A refused entry keeps the others from being made.
	rest.refused(400, 40002, "PUT", "/links/demo/configs:alter", object{"data": []object{
		{"name": "acl.sync.ms", "value": "8000"}, {"name": "acl.sync.enable", "value": "perhaps"}}})
	if got := value("acl.sync.ms"); got != "5000" {
		t.Errorf("value: %v", got)
	}
	// Switching a feature off clears its filters.
	rest.want(204, "PUT", "/links/demo/configs/consumer.offset.sync.enable", object{"value": "false"})
	if got := value("consumer.offset.group.filters"); got != "" {
		t.Errorf("filters: %v", got)
	}
	rest.want(204, "DELETE", "/links/demo/configs/consumer.offset.sync.ms", nil)
	if got := value("consumer.offset.sync.ms"); got != "30000" {
		t.Errorf("value: %v", got)
	}
}

// TestRotation changes the source's password and then the link's, while records flow.
func TestRotation(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, _ := secured(t, "lkc-src")
	destination, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	if err := source.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	rest.want(204, "POST", "/links?link_name=demo", object{"configs": settings(security(source, ""))})
	rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
	if err := source.Produce(ctx, "orders", "1"); err != nil {
		t.Fatal(err)
	}
	if _, err := destination.Consume(ctx, "orders", 1); err != nil {
		t.Fatal(err)
	}
	login := func(password string) {
		t.Helper()
		rest.want(204, "PUT", "/links/demo/configs:alter", object{"data": []object{
			{"name": "sasl.jaas.config", "value": fmt.Sprintf(plainLogin, "link", password), "operation": "SET"}}})
	}
	source.Broker().SetPassword("link", "rotated")
	login("rotated")
	if got := rest.status("orders"); got != "ACTIVE" {
		t.Errorf("status: %v", got)
	}
	login("stale-password")
	rest.awaitStatus("demo", "orders", "LINK_FAILED")
	eventually(t, "the link to fail", func() bool {
		link := rest.want(200, "GET", "/links/demo", nil)
		return link["link_state"] == "FAILED" && link["link_error"] == "AUTHENTICATION_ERROR" && link["link_error_message"] != nil
	})
	rest.refused(401, 401, "POST", "/links/demo/mirrors", object{"source_topic_name": "other"})
	login("rotated")
	rest.awaitStatus("demo", "orders", "ACTIVE")
	if err := source.Produce(ctx, "orders", "2"); err != nil {
		t.Fatal(err)
	}
	if got, err := destination.Consume(ctx, "orders", 2); err != nil || got[1] != "2" {
		t.Errorf("consumed %v, %v", got, err)
	}
	checkNoSecrets(t, destination, "rotated", "stale-password", "kafka-lkc-src")
}

func TestUnvalidatedLinks(t *testing.T) {
	t.Parallel()
	secret, _ := secured(t, "lkc-sec")
	_, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	wrong := security(secret, "")
	wrong["sasl.jaas.config"] = fmt.Sprintf(plainLogin, "link", "wrong")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for name, test := range map[string]struct {
		settings     map[string]string
		state, error string
	}{
		"silent":  {map[string]string{"bootstrap.servers": silent.Addr().String()}, "UNAVAILABLE", "TIMEOUT_ERROR"},
		"login":   {wrong, "FAILED", "AUTHENTICATION_ERROR"},
		"nobody":  {map[string]string{"bootstrap.servers": "127.0.0.1:1"}, "UNAVAILABLE", "BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR"},
		"unknown": {map[string]string{"bootstrap.servers": "kafka.example.com:9092"}, "UNAVAILABLE", "UNRESOLVABLE_BOOTSTRAP_ERROR"},
	} {
		rest.want(204, "POST", "/links?validate_link=false&link_name="+name, object{"configs": settings(test.settings)})
		eventually(t, name+" to fail", func() bool {
			link := rest.want(200, "GET", "/links/"+name, nil)
			return link["link_state"] == test.state && link["link_error"] == test.error
		})
		rest.want(204, "DELETE", "/links/"+name, nil)
	}
}

func TestPlatformDialect(t *testing.T) {
	t.Parallel()
	source, _ := plainCluster(t, "src-cluster", emulator.ConfluentPlatform71)
	_, rest := plainCluster(t, "dst-cluster", emulator.ConfluentPlatform71)
	if err := source.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	rest.want(201, "POST", "/links?link_name=demo", linkTo(source, map[string]string{"retry.backoff.ms": "200", "acl.sync.ms": "5000"}))
	rest.refused(400, 40002, "POST", "/links?link_name=demo", linkTo(source, nil))
	rest.refused(400, 40002, "POST", "/links?link_name=both", linkTo(source, map[string]string{"link.mode": "BIDIRECTIONAL"}))
	rest.want(201, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders", "mirror_topic_name": "orders"})

	link := rest.want(200, "GET", "/links", nil)["data"].([]any)[0].(object)
	want := []string{"kind", "metadata", "source_cluster_id", "destination_cluster_id", "link_name", "link_id", "cluster_link_id", "topic_names"}
	for _, field := range want {
		if _, there := link[field]; !there {
			t.Errorf("no %s", field)
		}
	}
	if len(link) != len(want) || fmt.Sprint(link["metadata"]) != fmt.Sprint(map[string]any{"self": rest.base + "/links/demo"}) {
		t.Errorf("link: %v", link)
	}
	mirror := rest.want(200, "GET", "/links/demo/mirrors/orders?include_state_transition_errors=true", nil)
	if mirror["mirror_status"] != "ACTIVE" || mirror["mirror_topic_error"] != nil || mirror["mirror_state_transition_errors"] != nil {
		t.Errorf("mirror: %v", mirror)
	}
	for name, want := range map[string]string{
		"retry.backoff.ms":      "200 DYNAMIC_CLUSTER_LINK_CONFIG false false false",
		"acl.sync.ms":           "5000 DYNAMIC_CLUSTER_LINK_CONFIG false false false",
		"acl.sync.enable":       "false DYNAMIC_CLUSTER_LINK_CONFIG false false false",
		"ssl.keystore.password": "<nil> DYNAMIC_CLUSTER_LINK_CONFIG false false true",
	} {
		c := rest.configs("demo")[name]
		got := fmt.Sprint(c["value"], " ", c["source"], " ", c["default"], " ", c["read_only"], " ", c["sensitive"])
		if _, cloud := c["is_default"]; got != want || cloud {
			t.Errorf("%s: %v", name, c)
		}
	}
	rest.accepted("failover", "orders")
	rest.want(200, "DELETE", "/links/demo", nil)
}

func TestCloseEndsSoon(t *testing.T) {
	t.Parallel()
	source, destination, rest := mirrored(t)
	rest.accepted("pause", "orders")
	for _, c := range []*emulator.Cluster{source, destination} {
		before := time.Now()
		c.Close()
		c.Close()
		if took := time.Since(before); took > 5*time.Second {
			t.Errorf("closing took %s", took)
		}
	}
}
