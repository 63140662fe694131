package emulator_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// side is one end of a bidirectional link with the name demo.
type side struct {
	*emulator.Cluster
	*rest
}

// bidirectional links two clusters in one of two ways: both ends connect, or one waits for the other. Topic "orders" of
// east, with two partitions, is mirrored on west.
func bidirectional(t *testing.T, oneConnects bool) (east, west side) {
	t.Helper()
	if oneConnects {
		return connectedByOne(t)
	}
	east.Cluster, east.rest = plainCluster(t, "lkc-east", emulator.ConfluentCloud)
	west.Cluster, west.rest = plainCluster(t, "lkc-west", emulator.ConfluentCloud)
	east.link(t, west, reach(west.Cluster))
	west.link(t, east, reach(east.Cluster))
	west.mirror(t, east)
	return east, west
}

// connectedByOne makes both clusters demand passwords. Only west knows them.
func connectedByOne(t *testing.T) (east, west side) {
	t.Helper()
	east.Cluster, east.rest = secured(t, "lkc-east")
	west.Cluster, west.rest = secured(t, "lkc-west")
	east.link(t, west, map[string]string{"connection.mode": "INBOUND"})
	own := security(west.Cluster, "local.")
	maps.Copy(own, security(east.Cluster, ""))
	own["connection.mode"] = "OUTBOUND"
	west.link(t, east, own)
	west.mirror(t, east)
	return east, west
}

func (s side) link(t *testing.T, remote side, more map[string]string) {
	t.Helper()
	all := map[string]string{"link.mode": "BIDIRECTIONAL"}
	maps.Copy(all, more)
	s.want(204, "POST", "/links?link_name=demo", object{"remote_cluster_id": remote.ID(), "configs": settings(all)})
}

func (s side) mirror(t *testing.T, source side) {
	t.Helper()
	if err := source.CreateTopic("orders", 2); err != nil {
		t.Fatal(err)
	}
	s.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
}

// writes writes some values to orders, which must succeed, and returns them with a prefix.
func (s side) writes(t *testing.T, prefix string, n int) []string {
	t.Helper()
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprint(prefix, i)
	}
	if err := s.Produce(testContext(t), "orders", values...); err != nil {
		t.Fatalf("%s: %v", s.ID(), err)
	}
	return values
}

// readOnly checks that orders refuses a producer.
func (s side) readOnly(t *testing.T) {
	t.Helper()
	if err := s.Produce(testContext(t), "orders", "refused"); err == nil {
		t.Errorf("%s was written to", s.ID())
	}
}

func both(t *testing.T, test func(t *testing.T, east, west side)) {
	t.Parallel()
	for name, oneConnects := range map[string]bool{"both connect": false, "one connects": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			east, west := bidirectional(t, oneConnects)
			test(t, east, west)
		})
	}
}

func TestMirrorsInBothDirections(t *testing.T) {
	both(t, func(t *testing.T, east, west side) {
		if err := west.CreateTopic("parcels", 1); err != nil {
			t.Fatal(err)
		}
		east.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "parcels"})
		orders, parcels := stream(t, east.Cluster, "orders", "o"), stream(t, west.Cluster, "parcels", "p")
		for _, s := range []side{east, west} {
			for _, topic := range []string{"orders", "parcels"} {
				if _, err := s.Consume(testContext(t), topic, 20); err != nil {
					t.Fatal(err)
				}
			}
		}
		written, sent := orders(), parcels()
		for _, s := range []side{east, west} {
			expectRecords(t, s.Cluster, "orders", written)
			expectRecords(t, s.Cluster, "parcels", sent)
		}
		for _, pair := range [][2]side{{east, west}, {west, east}} {
			link := pair[0].want(200, "GET", "/links/demo", nil)
			if link["remote_cluster_id"] != pair[1].ID() || link["source_cluster_id"] != nil || link["link_state"] != "ACTIVE" {
				t.Errorf("link: %v", link)
			}
		}
	})
}

// TestReverseThereAndBack exchanges the roles of both topics, and again, while producers write as they can.
func TestReverseThereAndBack(t *testing.T) {
	both(t, func(t *testing.T, east, west side) {
		want := []string{}
		source, mirror := east, west
		for turn := range 3 {
			stop := stream(t, source.Cluster, "orders", fmt.Sprint(turn, "-"))
			if _, err := mirror.Consume(testContext(t), "orders", len(want)+10); err != nil {
				t.Fatal(err)
			}
			mirror.accepted("reverse-and-start-mirror", "orders")
			source.awaitStatus("demo", "orders", "ACTIVE")
			mirror.awaitStatus("demo", "orders", "STOPPED")
			want = append(want, stop()...)
			source.readOnly(t)
			source, mirror = mirror, source
			want = append(want, source.writes(t, fmt.Sprint("after ", turn, "-"), 4)...)
		}
		expectRecords(t, source.Cluster, "orders", want)
		expectRecords(t, mirror.Cluster, "orders", want)
	})
}

func TestReverseAndPause(t *testing.T) {
	both(t, func(t *testing.T, east, west side) {
		want := east.writes(t, "a", 5)
		west.accepted("pause", "orders")
		west.accepted("reverse-and-pause-mirror", "orders")
		east.awaitStatus("demo", "orders", "PAUSED")
		west.awaitStatus("demo", "orders", "STOPPED")
		want = append(want, west.writes(t, "b", 3)...)
		east.readOnly(t)
		eventually(t, "a lag of the paused mirror", func() bool {
			lag := 0.0
			for _, p := range east.want(200, "GET", "/links/demo/mirrors/orders", nil)["mirror_lags"].([]any) {
				lag += p.(object)["lag"].(float64)
			}
			return lag == 3
		})
		expectRecords(t, east.Cluster, "orders", want[:5])
		east.accepted("resume", "orders")
		expectRecords(t, east.Cluster, "orders", want)
		expectRecords(t, west.Cluster, "orders", want)
	})
}

// TestReversedMirrorFollowsNoOtherTopic deletes the new source topic, and creates another one of its name, before the
// new mirror has read from it.
func TestReversedMirrorFollowsNoOtherTopic(t *testing.T) {
	t.Parallel()
	east, west := bidirectional(t, false)
	want := east.writes(t, "a", 5)
	expectRecords(t, west.Cluster, "orders", want)
	east.pauseLink("true")
	west.accepted("reverse-and-start-mirror", "orders")
	west.awaitStatus("demo", "orders", "STOPPED")
	east.awaitStatus("demo", "orders", "LINK_PAUSED")
	west.want(204, "DELETE", "/topics/orders", nil)
	if err := west.CreateTopic("orders", 2); err != nil {
		t.Fatal(err)
	}
	west.writes(t, "other", 20)
	east.pauseLink("false")
	east.awaitStatus("demo", "orders", "FAILED")
	expectRecords(t, east.Cluster, "orders", want)
}

// pendingReversal begins a reversal that cannot end, since the mirror's link is paused and one record is missing.
func pendingReversal(t *testing.T, oneConnects bool) (east, west side, want []string) {
	t.Helper()
	east, west = bidirectional(t, oneConnects)
	want = east.writes(t, "a", 5)
	expectRecords(t, west.Cluster, "orders", want)
	west.pauseLink("true")
	want = append(want, east.writes(t, "late", 1)...)
	west.accepted("reverse-and-start-mirror", "orders")
	return east, west, want
}

func (s side) pauseLink(value string) {
	s.t.Helper()
	s.want(204, "PUT", "/links/demo/configs/cluster.link.paused", object{"value": value})
}

func TestReversalWaitsForTheLastRecord(t *testing.T) {
	t.Parallel()
	east, west, want := pendingReversal(t, false)
	if got := east.status("orders"); got != "PENDING_MIRROR" {
		t.Errorf("former source: %v", got)
	}
	eventually(t, "a reason for the wait", func() bool {
		mirror := west.want(200, "GET", "/links/demo/mirrors/orders?include_state_transition_errors=true", nil)
		return mirror["mirror_status"] == "PENDING_SYNCHRONIZE" && len(mirror["mirror_state_transition_errors"].([]any)) == 1
	})
	east.readOnly(t)
	west.readOnly(t)
	for _, s := range []side{east, west} {
		for _, verb := range []string{"promote", "pause", "resume", "reverse-and-start-mirror", "truncate-and-restore"} {
			if code := s.verb(verb, "orders"); code != 400 {
				t.Errorf("%s on %s: verdict %d", verb, s.ID(), code)
			}
		}
	}
	// The source is away for a while, too.
	east.Broker().Outage()
	west.pauseLink("false")
	eventually(t, "the outage to be seen", func() bool {
		return west.want(200, "GET", "/links/demo", nil)["link_state"] == "UNAVAILABLE"
	})
	if got := west.status("orders"); got != "PENDING_SYNCHRONIZE" {
		t.Errorf("mirror without its source: %v", got)
	}
	if err := east.Broker().Restore(); err != nil {
		t.Fatal(err)
	}
	west.awaitStatus("demo", "orders", "STOPPED")
	east.awaitStatus("demo", "orders", "ACTIVE")
	want = append(want, west.writes(t, "b", 2)...)
	expectRecords(t, east.Cluster, "orders", want)
	expectRecords(t, west.Cluster, "orders", want)
}

// TestReversalCalledOff ends a pending reversal in other ways than by its success: one topic at least is writable then.
func TestReversalCalledOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do         func(east, west side)
		east, west string // statuses, "" for none
		eastWrites bool
		westWrites bool
	}{
		"failover of the mirror":      {func(_, west side) { west.accepted("failover", "orders") }, "", "STOPPED", true, true},
		"failover of the source":      {func(east, _ side) { east.accepted("failover", "orders") }, "STOPPED", "LINK_PAUSED", true, false},
		"deletion of the near link":   {func(_, west side) { west.want(204, "DELETE", "/links/demo?force=true", nil) }, "", "", true, true},
		"deletion of the far link":    {func(east, _ side) { east.want(204, "DELETE", "/links/demo?force=true", nil) }, "", "LINK_PAUSED", true, false},
		"deletion of the mirror":      {func(_, west side) { west.want(204, "DELETE", "/topics/orders", nil) }, "", "", true, false},
		"the mirror deleted by Kafka": {func(_, west side) { _ = west.Broker().DeleteTopic(testContext(t), "orders") }, "", "", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			east, west, _ := pendingReversal(t, false)
			test.do(east, west)
			for _, s := range []struct {
				side
				status string
				writes bool
			}{{east, test.east, test.eastWrites}, {west, test.west, test.westWrites}} {
				if s.status == "" {
					eventually(t, "no mirror on "+s.ID(), func() bool {
						status, _ := s.call("GET", "/links/demo/mirrors/orders", nil)
						return status == 404
					})
				} else {
					s.awaitStatus("demo", "orders", s.status)
				}
				if s.writes {
					s.side.writes(t, "free", 1)
				}
			}
		})
	}
}

// restoreVerdict asks for truncate-and-restore of orders and returns the verdict.
func (s side) restoreVerdict(query string) object {
	s.t.Helper()
	answer := s.want(200, "POST", "/links/demo/mirrors:truncate-and-restore?"+query, object{"mirror_topic_names": []string{"orders"}})
	return rows(answer, "mirror_topic_name")["orders"]
}

// TestFailoverRestoreAndFailback is a disaster from end to end: the source is away, its mirror takes over, the source
// comes back with records of its own, follows the new source, and takes over again.
func TestFailoverRestoreAndFailback(t *testing.T) {
	both(t, func(t *testing.T, east, west side) {
		shared := east.writes(t, "shared", 20)
		expectRecords(t, west.Cluster, "orders", shared)
		east.Broker().Outage()
		west.accepted("failover", "orders")
		west.awaitStatus("demo", "orders", "STOPPED")
		if err := east.Broker().Restore(); err != nil {
			t.Fatal(err)
		}
		east.writes(t, "lost", 7) // by producers that do not know yet
		want := slices.Concat(shared, west.writes(t, "new", 5))
		for _, s := range []side{east, west} {
			eventually(t, "the link to be active", func() bool {
				return s.want(200, "GET", "/links/demo", nil)["link_state"] == "ACTIVE"
			})
		}

		if v := east.restoreVerdict("validate_only=true"); v["error_code"] != nil || v["messages_truncated"] != 7.0 {
			t.Errorf("validation: %v", v)
		}
		if err := east.Produce(testContext(t), "orders", "one more"); err != nil {
			t.Errorf("validation made the topic read-only: %v", err)
		}
		v := east.restoreVerdict("include_partition_level_truncation_data=true")
		cuts := rows(object{"data": v["partition_level_truncation_data"]}, "partition_id")
		if v["error_code"] != nil || v["messages_truncated"] != 8.0 || len(cuts) != 2 {
			t.Fatalf("verdict: %v", v)
		}
		if to := cuts["0"]["offset_truncated_to"].(float64) + cuts["1"]["offset_truncated_to"].(float64); to != 20 {
			t.Errorf("truncated to %v", cuts)
		}
		if n := cuts["0"]["messages_truncated"].(float64) + cuts["1"]["messages_truncated"].(float64); n != 8 {
			t.Errorf("truncated: %v", cuts)
		}
		east.awaitStatus("demo", "orders", "ACTIVE")
		east.readOnly(t)
		expectRecords(t, east.Cluster, "orders", want)

		east.accepted("reverse-and-start-mirror", "orders")
		west.awaitStatus("demo", "orders", "ACTIVE")
		east.awaitStatus("demo", "orders", "STOPPED")
		want = append(want, east.writes(t, "back", 3)...)
		west.readOnly(t)
		for _, s := range []side{east, west} {
			expectRecords(t, s.Cluster, "orders", want)
		}
	})
}

// TestPendingStatuses sees every status on the way, each held for a while.
func TestPendingStatuses(t *testing.T) {
	t.Parallel()
	east, west := bidirectional(t, false)
	shared := east.writes(t, "a", 4)
	expectRecords(t, west.Cluster, "orders", shared)
	const held = 300 * time.Millisecond
	for _, s := range []side{east, west} {
		s.SetPendingTime(held)
	}
	passes := func(s side, statuses ...string) {
		t.Helper()
		began := time.Now()
		for _, status := range statuses {
			s.awaitStatus("demo", "orders", status)
		}
		if took := time.Since(began); took < held*time.Duration(len(statuses)-1)-held/10 {
			t.Errorf("%v took %s", statuses, took)
		}
	}
	west.accepted("promote", "orders")
	passes(west, "PENDING_STOPPED", "STOPPED")
	if v := east.restoreVerdict(""); v["error_code"] != nil || v["messages_truncated"] != 0.0 || len(v["partition_level_truncation_data"].([]any)) != 0 {
		t.Errorf("verdict: %v", v)
	}
	passes(east, "PENDING_SETUP_FOR_RESTORE", "PENDING_RESTORE", "ACTIVE")
	if counts := fmt.Sprint(east.want(200, "GET", "/links/demo", nil)["category_counts"]); counts != "[map[count:1 state_category:ACTIVE]]" {
		t.Errorf("categories: %s", counts)
	}
	east.accepted("reverse-and-pause-mirror", "orders")
	west.awaitStatus("demo", "orders", "PENDING_MIRROR")
	passes(east, "PENDING_SYNCHRONIZE", "STOPPED")
	west.awaitStatus("demo", "orders", "PAUSED")
}

// TestRestoreAfterReversal fails a mirror over that has been the source before: now the other topic is the one to
// restore, to where this one stopped and not to the reversal.
func TestRestoreAfterReversal(t *testing.T) {
	t.Parallel()
	east, west := bidirectional(t, false)
	shared := east.writes(t, "a", 4)
	expectRecords(t, west.Cluster, "orders", shared)
	west.accepted("reverse-and-start-mirror", "orders")
	west.awaitStatus("demo", "orders", "STOPPED")
	shared = append(shared, west.writes(t, "b", 6)...)
	expectRecords(t, east.Cluster, "orders", shared)
	east.accepted("failover", "orders")
	west.writes(t, "lost", 2)
	if v := east.restoreVerdict(""); v["error_code"] != 400.0 {
		t.Errorf("the topic that has just stopped: %v", v)
	}
	if v := west.restoreVerdict(""); v["error_code"] != nil || v["messages_truncated"] != 2.0 {
		t.Errorf("the topic that it mirrored: %v", v)
	}
	west.awaitStatus("demo", "orders", "ACTIVE")
	shared = append(shared, east.writes(t, "c", 1)...)
	for _, s := range []side{east, west} {
		expectRecords(t, s.Cluster, "orders", shared)
	}
}

// TestRestoreThatCannotGoOn holds a restoration up, and ends it by failover: the topic keeps its records.
func TestRestoreThatCannotGoOn(t *testing.T) {
	t.Parallel()
	east, west := bidirectional(t, false)
	own := east.writes(t, "a", 4)
	expectRecords(t, west.Cluster, "orders", own)
	west.accepted("failover", "orders")
	own = append(own, east.writes(t, "b", 2)...)
	east.pauseLink("true")
	if v := east.restoreVerdict(""); v["error_code"] != nil || v["messages_truncated"] != 2.0 {
		t.Errorf("verdict: %v", v)
	}
	eventually(t, "a reason for the wait", func() bool {
		mirror := east.want(200, "GET", "/links/demo/mirrors/orders?include_state_transition_errors=true", nil)
		return mirror["mirror_status"] == "PENDING_SETUP_FOR_RESTORE" && len(mirror["mirror_state_transition_errors"].([]any)) == 1
	})
	east.readOnly(t)
	east.accepted("failover", "orders")
	east.awaitStatus("demo", "orders", "STOPPED")
	own = append(own, east.writes(t, "c", 1)...)
	expectRecords(t, east.Cluster, "orders", own)
	// It never mirrored west, so west cannot follow it; east can still follow west.
	if v := west.restoreVerdict(""); v["error_code"] != 400.0 {
		t.Errorf("the other way round: %v", v)
	}
	east.pauseLink("false")
	if v := east.restoreVerdict(""); v["error_code"] != nil || v["messages_truncated"] != 3.0 {
		t.Errorf("verdict: %v", v)
	}
	east.awaitStatus("demo", "orders", "ACTIVE")
	expectRecords(t, east.Cluster, "orders", own[:4])
}

func TestTwoWayVerbsRefused(t *testing.T) {
	t.Parallel()
	east, west := bidirectional(t, false)
	reverses := []string{"reverse-and-start-mirror", "reverse-and-pause-mirror"}
	check := func(s side, topic, verb string, want int) {
		t.Helper()
		if code := s.verb(verb, topic); code != want {
			t.Errorf("%s of %s on %s: verdict %d, want %d", verb, topic, s.ID(), code, want)
		}
	}
	for _, verb := range reverses {
		check(east, "orders", verb, 40403) // the source, no mirror
		check(west, "none", verb, 40403)
	}
	for _, s := range []side{east, west} {
		check(s, "orders", "truncate-and-restore", 400) // the mirror has not stopped
		check(s, "none", "truncate-and-restore", 400)
	}
	west.RefuseVerdict("demo", "orders", "reverse-and-start-mirror", 500, "not today")
	check(west, "orders", "reverse-and-start-mirror", 500)
	west.RefuseVerdict("demo", "orders", "reverse-and-start-mirror", 0, "")

	// Nothing came of all this, nor of a validation.
	answer := west.want(200, "POST", "/links/demo/mirrors:reverse-and-start-mirror?validate_only=true", object{"mirror_topic_name_pattern": "ord.*"})
	if v := rows(answer, "mirror_topic_name")["orders"]; v == nil || v["error_code"] != nil || v["messages_truncated"] != nil {
		t.Errorf("validation: %v", answer)
	}
	if got := west.status("orders"); got != "ACTIVE" {
		t.Errorf("status: %v", got)
	}
	east.refused(404, 40403, "GET", "/links/demo/mirrors/orders", nil)
	expectRecords(t, west.Cluster, "orders", east.writes(t, "a", 2))

	west.accepted("promote", "orders")
	west.awaitStatus("demo", "orders", "STOPPED")
	for _, verb := range reverses {
		check(west, "orders", verb, 400)
	}
	// The far end is needed, and asked for.
	east.Broker().Outage()
	eventually(t, "the outage to be seen", func() bool { return west.want(200, "GET", "/links/demo", nil)["link_state"] == "UNAVAILABLE" })
	check(west, "orders", "truncate-and-restore", 50003)
	if err := east.Broker().Restore(); err != nil {
		t.Fatal(err)
	}
	// Another topic of the same name has not been mirrored.
	east.want(204, "DELETE", "/topics/orders", nil)
	check(east, "orders", "truncate-and-restore", 40403)
	if err := east.CreateTopic("orders", 2); err != nil {
		t.Fatal(err)
	}
	check(east, "orders", "truncate-and-restore", 400)
	answer = east.want(200, "POST", "/links/demo/mirrors:truncate-and-restore", object{"mirror_topic_name_pattern": ".*"})
	if v := rows(answer, "mirror_topic_name"); len(v) != 1 || v["orders"]["error_code"] != 400.0 {
		t.Errorf("by pattern: %v", answer)
	}
}

func TestTwoWayVerbsNeedABidirectionalLink(t *testing.T) {
	t.Parallel()
	_, _, oneWay := mirrored(t)
	old, atOld := plainCluster(t, "lkc-old", emulator.ConfluentPlatform71)
	_, atNew := plainCluster(t, "lkc-new", emulator.ConfluentPlatform71)
	atNew.want(201, "POST", "/links?link_name=demo", linkTo(old, nil))
	prefixed, other := plainCluster(t, "lkc-a", emulator.ConfluentCloud)
	remote, _ := plainCluster(t, "lkc-b", emulator.ConfluentCloud)
	other.want(204, "POST", "/links?link_name=demo", object{"remote_cluster_id": "lkc-b", "configs": settings(reach(remote,
		map[string]string{"link.mode": "BIDIRECTIONAL", "cluster.link.prefix": "b."}))})
	if err := remote.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	other.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
	if err := prefixed.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"reverse-and-start-mirror", "reverse-and-pause-mirror", "truncate-and-restore"} {
		if code := oneWay.verb(verb, "orders"); code != 400 {
			t.Errorf("%s on a link with one direction: verdict %d", verb, code)
		}
		topic := "b.orders"
		if verb == "truncate-and-restore" {
			topic = "orders"
		}
		if code := other.verb(verb, topic); code != 400 {
			t.Errorf("%s on a link with a prefix: verdict %d", verb, code)
		}
		atNew.refused(400, 40035, "POST", "/links/demo/mirrors:"+verb, object{"mirror_topic_names": []string{"orders"}})
		atOld.refused(404, 404, "POST", "/links/demo/mirrors:"+verb, object{"mirror_topic_names": []string{"orders"}})
	}
	oneWay.refused(400, 40002, "POST", "/links/demo/mirrors:truncate-and-restore", object{"mirror_topic_name_pattern": ".*"})
}

// TestAutoCreateBothWays has both ends create mirrors of all topics: of topics, not of mirrors.
func TestAutoCreateBothWays(t *testing.T) {
	t.Parallel()
	var east, west side
	east.Cluster, east.rest = plainCluster(t, "lkc-east", emulator.ConfluentCloud)
	west.Cluster, west.rest = plainCluster(t, "lkc-west", emulator.ConfluentCloud)
	for _, pair := range [][2]side{{east, west}, {west, east}} {
		pair[0].link(t, pair[1], reach(pair[1].Cluster, map[string]string{
			"cluster.link.prefix": "far.", "auto.create.mirror.topics.enable": "true",
			"auto.create.mirror.topics.filters": `{"topicFilters":[{"name":"*","patternType":"LITERAL","filterType":"INCLUDE"}]}`,
		}))
		if err := pair[0].CreateTopic("own", 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []side{east, west} {
		eventually(t, "the mirror", func() bool {
			return len(rows(s.want(200, "GET", "/links/demo/mirrors", nil), "mirror_topic_name")) == 1
		})
	}
	// One more topic on each side shows that a further look found no more.
	for _, s := range []side{east, west} {
		if err := s.CreateTopic("more", 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []side{east, west} {
		eventually(t, "the mirror", func() bool {
			return rows(s.want(200, "GET", "/links/demo/mirrors", nil), "mirror_topic_name")["far.more"] != nil
		})
		if names := rows(s.want(200, "GET", "/topics", nil), "topic_name"); len(names) != 4 {
			t.Errorf("topics of %s: %v", s.ID(), names)
		}
	}
}
