package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

func TestLinkLife(t *testing.T) {
	t.Parallel()
	source, _ := plainCluster(t, "lkc-src", emulator.ConfluentCloud)
	_, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)

	rest.refused(404, 404, "GET", "/links/demo", nil)
	rest.want(204, "POST", "/links?link_name=demo&validate_only=true", linkTo(source, nil))
	rest.refused(404, 404, "GET", "/links/demo", nil)
	rest.want(204, "POST", "/links?link_name=demo", linkTo(source, nil))
	rest.refused(409, 40902, "POST", "/links?link_name=demo", linkTo(source, nil))

	link := rest.want(200, "GET", "/links/demo", nil)
	for field, want := range map[string]any{
		"kind": "KafkaLinkData", "link_name": "demo", "source_cluster_id": "lkc-src", "destination_cluster_id": nil,
		"remote_cluster_id": nil, "link_state": "ACTIVE", "link_error": "NO_ERROR", "link_error_message": nil, "tasks": nil,
	} {
		if got, ok := link[field]; got != want || !ok {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	if got := link["metadata"].(object)["self"]; got != rest.base+"/links/demo" {
		t.Errorf("self is %v", got)
	}
	if list := rows(rest.want(200, "GET", "/links", nil), "link_name"); len(list) != 1 || list["demo"] == nil {
		t.Errorf("list is %v", list)
	}
	rest.want(204, "DELETE", "/links/demo?validate_only=true", nil)
	rest.want(200, "GET", "/links/demo", nil)
	rest.want(204, "DELETE", "/links/demo", nil)
	rest.refused(404, 404, "GET", "/links/demo", nil)
	rest.refused(404, 404, "DELETE", "/links/demo", nil)
}

// TestHalvesThatDoNotFit tries source halves whose destination halves are elsewhere, or expect another cluster.
func TestHalvesThatDoNotFit(t *testing.T) {
	t.Parallel()
	_, atSource := plainCluster(t, "lkc-src", emulator.ConfluentCloud)
	destination, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	apart := start(t, emulator.Config{ClusterID: "lkc-dst", Network: emulator.NewNetwork()})
	inbound := settings(map[string]string{"connection.mode": "INBOUND"})
	rest.want(204, "POST", "/links?link_name=fits", object{"source_cluster_id": "lkc-src", "configs": inbound})
	rest.want(204, "POST", "/links?link_name=misfit", object{"source_cluster_id": "lkc-abc", "configs": inbound})
	restOf(t, apart, emulator.Config{}).want(204, "POST", "/links?link_name=fits", object{"configs": inbound})

	for _, test := range []struct {
		link   string
		to     *emulator.Cluster
		status int
	}{{"misfit", destination, 400}, {"fits", apart, 400}, {"other", destination, 400}, {"fits", destination, 204}} {
		atSource.want(test.status, "POST", "/links?link_name="+test.link, object{
			"destination_cluster_id": "lkc-dst",
			"configs":                settings(map[string]string{"link.mode": "SOURCE", "bootstrap.servers": test.to.BootstrapServers()}),
		})
	}
}

// BenchmarkMirrors creates, lists and promotes 5,000 mirror topics.
func BenchmarkMirrors(b *testing.B) {
	const topics = 5000
	for b.Loop() {
		source, err := emulator.Start(emulator.Config{ClusterID: "lkc-src"}) //nolint:forbidigo // a benchmark measures the emulator alone
		if err != nil {
			b.Fatal(err)
		}
		destination, err := emulator.Start(emulator.Config{ClusterID: "lkc-dst"}) //nolint:forbidigo // likewise
		if err != nil {
			b.Fatal(err)
		}
		rest := &rest{base: destination.RESTEndpoint() + "/kafka/v3/clusters/lkc-dst", client: http.DefaultClient}
		expect := func(status int, method, path string, body any) object {
			got, text, err := rest.try(method, path, body)
			if got != status || err != nil {
				b.Fatalf("%s %s: %d %s %v", method, path, got, text, err)
			}
			answer := object{}
			if len(text) > 0 {
				if err := json.Unmarshal(text, &answer); err != nil {
					b.Fatal(err)
				}
			}
			return answer
		}
		expect(204, "POST", "/links?link_name=demo", linkTo(source, nil))
		took := func(unit string, f func()) {
			before := time.Now()
			f()
			b.ReportMetric(time.Since(before).Seconds(), unit)
		}
		took("s/create", func() {
			for i := range topics {
				name := fmt.Sprintf("topic-%d", i)
				if err := source.CreateTopic(name, 1); err != nil {
					b.Fatal(err)
				}
				expect(204, "POST", "/links/demo/mirrors", object{"source_topic_name": name})
			}
		})
		took("s/list", func() { expect(200, "GET", "/links/demo/mirrors", nil) })
		took("s/promote", func() {
			expect(200, "POST", "/links/demo/mirrors:promote", object{"mirror_topic_name_pattern": ".*"})
			for len(expect(200, "GET", "/links/demo/mirrors?mirror_status=STOPPED", nil)["data"].([]any)) < topics {
				time.Sleep(20 * time.Millisecond)
			}
		})
		destination.Close()
		source.Close()
	}
}
