package emulator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

const plainLogin = "org.apache.kafka.common.security.plain.PlainLoginModule required username='%s' password='%s';"

// secured starts a cluster with TLS, REST users and SASL users, whose passwords hold the cluster's id. Tests read and
// write as the user client, links as the user link.
func secured(t *testing.T, id string) (*emulator.Cluster, *rest) {
	t.Helper()
	cfg := emulator.Config{
		ClusterID: id, TLS: true, Users: map[string]string{"admin": "rest-" + id}, KafkaUsers: map[string]string{"client": "client-" + id, "link": "kafka-" + id},
	}
	c := start(t, cfg)
	return c, restOf(t, c, cfg)
}

// security are the client settings for a cluster that was started by secured.
func security(c *emulator.Cluster, prefix string) map[string]string {
	return map[string]string{
		prefix + "bootstrap.servers":           c.BootstrapServers(),
		prefix + "security.protocol":           "SASL_SSL",
		prefix + "sasl.mechanism":              "PLAIN",
		prefix + "sasl.jaas.config":            fmt.Sprintf(plainLogin, "link", "kafka-"+c.ID()),
		prefix + "ssl.truststore.type":         "PEM",
		prefix + "ssl.truststore.certificates": c.CACertificate(),
	}
}

// calls counts a cluster's recorded calls by method and the path's part after the cluster id.
func calls(c *emulator.Cluster) map[string]int {
	counts := make(map[string]int)
	for _, r := range c.Requests() {
		_, path, _ := strings.Cut(r.Path, "/clusters/"+c.ID())
		counts[r.Method+" "+path]++
	}
	return counts
}

func TestDestinationInitiated(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, _ := secured(t, "lkc-src")
	destination, rest := secured(t, "lkc-dst")
	if err := source.CreateTopic("demo-link-topic", 1); err != nil {
		t.Fatal(err)
	}
	numbers := []string{"1", "2", "3", "4", "5"}
	if err := source.Produce(ctx, "demo-link-topic", numbers...); err != nil {
		t.Fatal(err)
	}

	rest.want(204, "POST", "/links?link_name=demo-link", object{
		"source_cluster_id": source.ID(), "configs": settings(security(source, "")),
	})
	rest.want(204, "POST", "/links/demo-link/mirrors", object{"source_topic_name": "demo-link-topic"})
	mirror := rest.want(200, "GET", "/links/demo-link/mirrors/demo-link-topic", nil)
	if mirror["mirror_status"] != "ACTIVE" || mirror["num_partitions"] != 1.0 || mirror["source_topic_name"] != "demo-link-topic" {
		t.Errorf("mirror is %v", mirror)
	}
	if got, err := destination.Consume(ctx, "demo-link-topic", 5); err != nil || !slices.Equal(got, numbers) {
		t.Fatalf("consumed %v, %v", got, err)
	}
	if err := destination.Produce(ctx, "demo-link-topic", "6"); err == nil {
		t.Error("a mirror topic was written to")
	}
	promoted := rest.want(200, "POST", "/links/demo-link/mirrors:promote", object{"mirror_topic_names": []string{"demo-link-topic"}})
	if v := rows(promoted, "mirror_topic_name")["demo-link-topic"]; v["error_code"] != nil || v["error_message"] != nil {
		t.Errorf("verdict is %v", v)
	}
	rest.awaitStatus("demo-link", "demo-link-topic", "STOPPED")
	if err := destination.Produce(ctx, "demo-link-topic", "6"); err != nil {
		t.Errorf("a promoted topic is not writable: %v", err)
	}
	if got, err := destination.Consume(ctx, "demo-link-topic", 6); err != nil || !slices.Equal(got, append(numbers, "6")) {
		t.Errorf("consumed %v, %v", got, err)
	}
	rest.want(204, "DELETE", "/links/demo-link", nil)
	rest.want(200, "GET", "/topics/demo-link-topic", nil)

	counts := calls(destination)
	delete(counts, "GET /links/demo-link/mirrors/demo-link-topic") // polled
	if want := map[string]int{
		"POST /links": 1, "POST /links/demo-link/mirrors": 1, "POST /links/demo-link/mirrors:promote": 1,
		"DELETE /links/demo-link": 1, "GET /topics/demo-link-topic": 1,
	}; fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("recorded %v, want %v", counts, want)
	}
	checkNoSecrets(t, destination, "kafka-lkc-src", "rest-lkc-dst", "BEGIN CERTIFICATE")
}

// checkNoSecrets searches all recordings.
func checkNoSecrets(t *testing.T, c *emulator.Cluster, secrets ...string) {
	t.Helper()
	all := fmt.Sprintf("%+v", c.Requests())
	if !strings.Contains(all, "(redacted)") {
		t.Error("nothing was redacted")
	}
	for _, secret := range secrets {
		if strings.Contains(all, secret) {
			t.Errorf("recordings hold %q", secret)
		}
	}
}

func TestSourceInitiated(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, sourceREST := secured(t, "lkc-src")
	destination, rest := secured(t, "lkc-dst")
	if err := source.CreateTopic("test-si1", 3); err != nil {
		t.Fatal(err)
	}

	settingsOfSource := security(destination, "")
	for name, value := range security(source, "local.") {
		settingsOfSource[name] = value
	}
	settingsOfSource["link.mode"], settingsOfSource["connection.mode"] = "SOURCE", "OUTBOUND"
	sourceHalf := object{"destination_cluster_id": destination.ID(), "configs": settings(settingsOfSource)}

	message := sourceREST.refused(400, 40002, "POST", "/links?link_name=link-si3", sourceHalf)
	if !strings.Contains(message, "does not have a link named") {
		t.Errorf("source half first: %q", message)
	}
	rest.want(204, "POST", "/links?link_name=link-si3", object{
		"source_cluster_id": source.ID(),
		"configs":           settings(map[string]string{"link.mode": "DESTINATION", "connection.mode": "INBOUND"}),
	})
	if link := rest.want(200, "GET", "/links/link-si3", nil); link["link_state"] != "UNAVAILABLE" || link["link_error"] != "NO_ERROR" {
		t.Errorf("destination half alone: %v", link)
	}
	rest.refused(500, 50003, "POST", "/links/link-si3/mirrors", object{"source_topic_name": "test-si1"})
	sourceREST.want(204, "POST", "/links?link_name=link-si3", sourceHalf)

	ours, theirs := rest.want(200, "GET", "/links/link-si3", nil), sourceREST.want(200, "GET", "/links/link-si3", nil)
	if ours["link_state"] != "ACTIVE" || ours["source_cluster_id"] != "lkc-src" || ours["destination_cluster_id"] != nil {
		t.Errorf("destination half: %v", ours)
	}
	if theirs["link_state"] != "ACTIVE" || theirs["destination_cluster_id"] != "lkc-dst" || theirs["source_cluster_id"] != nil {
		t.Errorf("source half: %v", theirs)
	}
	if ours["cluster_link_id"] != theirs["cluster_link_id"] || ours["link_id"] != theirs["link_id"] {
		t.Errorf("ids differ: %v, %v", ours, theirs)
	}

	rest.want(204, "POST", "/links/link-si3/mirrors", object{"source_topic_name": "test-si1"})
	if err := source.Produce(ctx, "test-si1", "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	got, err := destination.Consume(ctx, "test-si1", 3)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("consumed %v, %v", got, err)
	}
	sourceREST.refused(400, 40002, "POST", "/links/link-si3/mirrors", object{"source_topic_name": "test-si1"})
	checkNoSecrets(t, source, "kafka-lkc-src", "kafka-lkc-dst")

	// Without its source half the destination half has lost its source.
	sourceREST.want(204, "DELETE", "/links/link-si3", nil)
	rest.awaitStatus("link-si3", "test-si1", "SOURCE_UNAVAILABLE")
	left := rows(sourceREST.want(200, "GET", "/links", nil), "link_state")
	if row := left["UNMANAGED_SOURCE"]; len(left) != 1 || row["link_name"] != "" {
		t.Errorf("left at the source: %v", left)
	}
	rest.want(204, "DELETE", "/links/link-si3?force=true", nil)
	if left := rows(sourceREST.want(200, "GET", "/links", nil), "link_state"); len(left) != 0 {
		t.Errorf("left at the source: %v", left)
	}
}
