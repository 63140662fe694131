package emulator_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

// verb carries a verb out on one mirror topic of the link demo, and returns the error code of the verdict, 0 for none.
func (r *rest) verb(verb, topic string) int {
	r.t.Helper()
	answer := r.want(200, "POST", "/links/demo/mirrors:"+verb, object{"mirror_topic_names": []string{topic}})
	code, _ := rows(answer, "mirror_topic_name")[topic]["error_code"].(float64)
	return int(code)
}

func (r *rest) accepted(verb, topic string) {
	r.t.Helper()
	if code := r.verb(verb, topic); code != 0 {
		r.t.Fatalf("%s %s: verdict %d", verb, topic, code)
	}
}

func (r *rest) status(topic string) any {
	r.t.Helper()
	return r.want(200, "GET", "/links/demo/mirrors/"+topic, nil)["mirror_status"]
}

// mirrored is a pair whose topic "orders" is mirrored already.
func mirrored(t *testing.T) (source, destination *emulator.Cluster, rest *rest) {
	t.Helper()
	source, destination, _, rest = pair(t, nil)
	rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
	return source, destination, rest
}

func TestFreshMirror(t *testing.T) {
	t.Parallel()
	source, destination, atSource, rest := pair(t, map[string]string{"cluster.link.prefix": "src."})
	atSource.want(204, "POST", "/topics/orders/configs:alter", object{"data": settings(map[string]string{"retention.ms": "3600000", "max.message.bytes": "9999"})})
	rest.want(204, "POST", "/links/demo/mirrors", object{
		"source_topic_name": "orders", "mirror_topic_name": "src.orders", "replication_factor": 1,
		"configs": settings(map[string]string{"retention.ms": "7200000"}),
	})
	mirror := rest.want(200, "GET", "/links/demo/mirrors/src.orders", nil)
	for field, want := range map[string]any{
		"kind": "KafkaMirrorData", "link_name": "demo", "mirror_topic_name": "src.orders", "source_topic_name": "orders",
		"num_partitions": 2.0, "mirror_status": "ACTIVE", "mirror_topic_error": "NO_ERROR",
	} {
		if mirror[field] != want {
			t.Errorf("%s is %v, want %v", field, mirror[field], want)
		}
	}
	lags := rows(object{"data": mirror["mirror_lags"]}, "partition")
	if lags["1"]["lag"] != 0.0 || lags["1"]["last_source_fetch_offset"] != -1.0 || len(lags) != 2 {
		t.Errorf("lags of a fresh mirror: %v", lags)
	}
	configs := rows(rest.want(200, "GET", "/topics/src.orders/configs", nil), "name")
	if configs["retention.ms"]["value"] != "7200000" || configs["max.message.bytes"]["value"] != "9999" {
		t.Errorf("settings: %v, %v", configs["retention.ms"], configs["max.message.bytes"])
	}
	if _, there := mirror["mirror_state_transition_errors"]; there {
		t.Error("state transition errors were not asked for")
	}

	ctx := testContext(t)
	if err := source.Produce(ctx, "orders", "1", "2", "3"); err != nil {
		t.Fatal(err)
	}
	if _, err := destination.Consume(ctx, "src.orders", 3); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a fetched offset", func() bool {
		mirror := rest.want(200, "GET", "/links/demo/mirrors/src.orders", nil)
		return !strings.Contains(fmt.Sprint(mirror["mirror_lags"]), "last_source_fetch_offset:-1 partition:0") ||
			!strings.Contains(fmt.Sprint(mirror["mirror_lags"]), "last_source_fetch_offset:-1 partition:1")
	})
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, destination, rest := mirrored(t)
	rest.accepted("pause", "orders")
	if got := rest.status("orders"); got != "PAUSED" {
		t.Errorf("status is %v", got)
	}
	if err := source.Produce(ctx, "orders", "1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a lag", func() bool {
		return strings.Contains(fmt.Sprint(rest.want(200, "GET", "/links/demo/mirrors/orders", nil)["mirror_lags"]), "lag:1")
	})
	rest.accepted("resume", "orders")
	if got := rest.status("orders"); got != "ACTIVE" {
		t.Errorf("status is %v", got)
	}
	if got, err := destination.Consume(ctx, "orders", 1); err != nil || got[0] != "1" {
		t.Errorf("consumed %v, %v", got, err)
	}
	rest.accepted("pause", "orders")
	rest.accepted("promote", "orders")
	rest.awaitStatus("demo", "orders", "STOPPED")
	for _, verb := range []string{"promote", "failover", "pause", "resume"} {
		if code := rest.verb(verb, "orders"); code != http.StatusBadRequest {
			t.Errorf("%s of a stopped topic: verdict %d", verb, code)
		}
		if code := rest.verb(verb, "none"); code != 40403 {
			t.Errorf("%s of no topic: verdict %d", verb, code)
		}
	}
}

func TestValidateOnlyVerbsChangeNothing(t *testing.T) {
	t.Parallel()
	_, _, rest := mirrored(t)
	for _, verb := range []string{"promote", "failover", "pause", "resume"} {
		answer := rest.want(200, "POST", "/links/demo/mirrors:"+verb+"?validate_only=true", object{"mirror_topic_name_pattern": "ord.*"})
		if v := rows(answer, "mirror_topic_name")["orders"]; v == nil || v["error_code"] != nil {
			t.Errorf("%s: %v", verb, answer)
		}
		if got := rest.status("orders"); got != "ACTIVE" {
			t.Errorf("after %s: %v", verb, got)
		}
	}
}

func TestPatternMatchesWholeNames(t *testing.T) {
	t.Parallel()
	_, _, rest := mirrored(t)
	for pattern, want := range map[string]int{"order": 0, "orders": 1, "ord.*": 1, ".*": 1} {
		answer := rest.want(200, "POST", "/links/demo/mirrors:pause?validate_only=true", object{"mirror_topic_name_pattern": pattern})
		if got := len(answer["data"].([]any)); got != want {
			t.Errorf("%s: %d verdicts, want %d", pattern, got, want)
		}
	}
}

func TestSourceOutage(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, destination, rest := mirrored(t)
	rest.want(204, "DELETE", "/topics/orders", nil)
	if err := source.CreateTopic("late", 1); err != nil {
		t.Fatal(err)
	}
	for _, topic := range []string{"orders", "late"} {
		rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": topic})
	}
	source.Broker().Outage()
	rest.awaitStatus("demo", "orders", "SOURCE_UNAVAILABLE")
	var link object
	eventually(t, "the link to be unavailable", func() bool {
		link = rest.want(200, "GET", "/links/demo?include_tasks=true", nil)
		return link["link_state"] == "UNAVAILABLE"
	})
	if link["link_error"] != "BOOTSTRAP_TCP_CONNECTION_FAILED_ERROR" || link["link_error_message"] == nil {
		t.Errorf("link: %v", link)
	}
	if task := rows(object{"data": link["tasks"]}, "task_name")["TopicConfigsSync"]; task["state"] != "LINK_UNAVAILABLE" {
		t.Errorf("task: %v", task)
	}
	rest.refused(500, 50003, "POST", "/links/demo/mirrors", object{"source_topic_name": "other"})

	rest.accepted("promote", "orders")
	eventually(t, "a reason for the wait", func() bool {
		mirror := rest.want(200, "GET", "/links/demo/mirrors/orders?include_state_transition_errors=true", nil)
		return mirror["mirror_status"] == "PENDING_STOPPED" && len(mirror["mirror_state_transition_errors"].([]any)) == 1
	})
	rest.accepted("failover", "orders")
	rest.awaitStatus("demo", "orders", "STOPPED")
	if err := destination.Produce(ctx, "orders", "mine"); err != nil {
		t.Errorf("a topic that failed over is not writable: %v", err)
	}
	rest.accepted("promote", "late")
	if got := rest.status("late"); got != "PENDING_STOPPED" {
		t.Errorf("status: %v", got)
	}
	if err := source.Broker().Restore(); err != nil {
		t.Fatal(err)
	}
	rest.awaitStatus("demo", "late", "STOPPED")
	eventually(t, "the link to be active", func() bool {
		return rest.want(200, "GET", "/links/demo", nil)["link_state"] == "ACTIVE"
	})
}

func TestSourceTopicDeleted(t *testing.T) {
	t.Parallel()
	source, _, rest := mirrored(t)
	if err := source.Broker().DeleteTopic(testContext(t), "orders"); err != nil {
		t.Fatal(err)
	}
	rest.awaitStatus("demo", "orders", "FAILED")
	if got := rest.want(200, "GET", "/links/demo/mirrors/orders", nil)["mirror_topic_error"]; got != "SOURCE_TOPIC_MAY_BE_DELETED" {
		t.Errorf("error: %v", got)
	}
	if code := rest.verb("promote", "orders"); code != 400 {
		t.Errorf("promote of a failed mirror: verdict %d", code)
	}
	rest.accepted("failover", "orders")
	rest.awaitStatus("demo", "orders", "STOPPED")
}

func TestPausedLink(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, destination, rest := mirrored(t)
	pause := func(value string) {
		rest.want(204, "PUT", "/links/demo/configs/cluster.link.paused", object{"value": value})
	}
	pause("true")
	if got := rest.status("orders"); got != "LINK_PAUSED" {
		t.Errorf("status: %v", got)
	}
	if link := rest.want(200, "GET", "/links/demo", nil); link["link_state"] != "PAUSED" || link["link_error"] != "NO_ERROR" {
		t.Errorf("link: %v", link)
	}
	if err := source.Produce(ctx, "orders", "1"); err != nil {
		t.Fatal(err)
	}
	pause("false")
	if got := rest.status("orders"); got != "ACTIVE" {
		t.Errorf("status: %v", got)
	}
	if _, err := destination.Consume(ctx, "orders", 1); err != nil {
		t.Error(err)
	}
}

func TestAutoCreate(t *testing.T) {
	t.Parallel()
	source, destination, _, rest := pair(t, map[string]string{
		"cluster.link.prefix":              "src.",
		"auto.create.mirror.topics.enable": "true",
		"auto.create.mirror.topics.filters": `{"topicFilters":[{"name":"ord","patternType":"PREFIXED","filterType":"INCLUDE"},
			{"name":"ordinary","patternType":"LITERAL","filterType":"EXCLUDE"}]}`,
	})
	for _, topic := range []string{"ordinary", "other", "order-items"} {
		if err := source.CreateTopic(topic, 1); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "both mirrors", func() bool {
		return len(rows(rest.want(200, "GET", "/links/demo/mirrors", nil), "mirror_topic_name")) == 2
	})
	names := rest.want(200, "GET", "/links/demo", nil)["topic_names"].([]any)
	if !slices.Equal(names, []any{"src.order-items", "src.orders"}) {
		t.Errorf("mirrors: %v", names)
	}
	if err := destination.Produce(testContext(t), "src.orders", "x"); err == nil {
		t.Error("a mirror topic was written to")
	}
	if counts := calls(destination); counts["POST /links/demo/mirrors"] != 0 {
		t.Errorf("recorded: %v", counts)
	}
}

func TestDeletes(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	_, destination, rest := mirrored(t)
	rest.refused(403, 40301, "DELETE", "/links/demo", nil)
	rest.refused(403, 40301, "DELETE", "/links/demo?validate_only=true", nil)
	rest.want(204, "DELETE", "/links/demo?validate_only=true&force=true", nil)
	if err := destination.Produce(ctx, "orders", "x"); err == nil {
		t.Error("validate_only made the topic writable")
	}
	rest.want(204, "DELETE", "/links/demo?force=true", nil)
	rest.refused(404, 404, "GET", "/links/demo/mirrors", nil)
	if got := rows(rest.want(200, "GET", "/links/-/mirrors", nil), "mirror_topic_name"); len(got) != 0 {
		t.Errorf("mirrors without a link: %v", got)
	}
	if err := destination.Produce(ctx, "orders", "x"); err != nil {
		t.Errorf("the topic of a deleted link is not writable: %v", err)
	}
	rest.want(204, "DELETE", "/topics/orders", nil)
	rest.refused(404, 40403, "GET", "/topics/orders", nil)
}

func TestMirrorTopicDeletedByKafkaClient(t *testing.T) {
	t.Parallel()
	_, destination, rest := mirrored(t)
	if err := destination.Broker().DeleteTopic(testContext(t), "orders"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mirror to go", func() bool {
		status, _ := rest.call("GET", "/links/demo/mirrors/orders", nil)
		return status == 404
	})
	if err := destination.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	if err := destination.Produce(testContext(t), "orders", "mine"); err != nil {
		t.Errorf("an ordinary topic of that name is not writable: %v", err)
	}
}

func TestDeletedMirrorTopicCanBeMirroredAgain(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, destination, rest := mirrored(t)
	if err := source.Produce(ctx, "orders", "1"); err != nil {
		t.Fatal(err)
	}
	rest.want(204, "DELETE", "/topics/orders", nil)
	rest.refused(404, 40403, "GET", "/links/demo/mirrors/orders", nil)
	rest.want(204, "DELETE", "/links/demo", nil)
	rest.want(204, "POST", "/links?link_name=demo", linkTo(source, nil))
	rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
	if got, err := destination.Consume(ctx, "orders", 1); err != nil || got[0] != "1" {
		t.Errorf("consumed %v, %v", got, err)
	}
}

func TestPinsAndVerdicts(t *testing.T) {
	t.Parallel()
	_, destination, rest := mirrored(t)
	destination.SetMirrorStatus("demo", "orders", emulatortest.UnknownStatus)
	if got := rest.status("orders"); got != emulatortest.UnknownStatus {
		t.Errorf("status: %v", got)
	}
	if got := rest.want(200, "GET", "/links/-/mirrors?mirror_status=ACTIVE", nil)["data"]; len(got.([]any)) != 0 {
		t.Errorf("active: %v", got)
	}
	if got := rest.want(200, "GET", "/links/-/mirrors?mirror_status="+emulatortest.UnknownStatus, nil)["data"]; len(got.([]any)) != 1 {
		t.Errorf("pinned: %v", got)
	}
	destination.SetMirrorStatus("demo", "orders", "")
	if got := rest.status("orders"); got != "ACTIVE" {
		t.Errorf("status: %v", got)
	}
	destination.RefuseVerdict("demo", "orders", "promote", 500, "not today")
	if code := rest.verb("promote", "orders"); code != 500 {
		t.Errorf("verdict %d", code)
	}
	if got := rest.status("orders"); got != "ACTIVE" {
		t.Errorf("status after a refused promote: %v", got)
	}
	destination.RefuseVerdict("demo", "orders", "promote", 0, "")
	rest.accepted("promote", "orders")
	rest.awaitStatus("demo", "orders", "STOPPED")
}
