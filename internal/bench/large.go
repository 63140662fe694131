package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
)

const (
	largeTopics     = 10_000
	largePartitions = 12
)

// large is the peak memory of the provider, in bytes, with a very large link.
type large struct {
	measured   bool
	resources  int64 // planning as many resources
	dataSource int64 // listing them all by the data source
}

// largeList measures a link that is too large to be really mirrored: a server
// of its own has nothing but the list of its mirror topics.
func (b *bench) largeList(ctx context.Context) (found large, err error) {
	server := httptest.NewServer(largeServer())
	defer server.Close()
	resources, err := b.planMemory(ctx, header(server.URL)+fmt.Sprintf(`
resource "clusterlink_mirror_topic" "all" {
  count             = %d
  link_name         = "bench"
  source_topic_name = format("topic-%%05d", count.index)
}
`, largeTopics), largeState(b.registry()))
	if err != nil {
		return found, err
	}
	dataSource, err := b.planMemory(ctx, header(server.URL)+`
data "clusterlink_mirror_topics" "all" {
  link_name = "bench"
}

output "topics" { value = length(data.clusterlink_mirror_topics.all.mirror_topics) }
`, nil)
	return large{true, resources.memory, dataSource.memory}, err
}

// planMemory plans a configuration, which is to have no changes where there is a
// state.
func (b *bench) planMemory(ctx context.Context, config string, state []byte) (cost, error) {
	w, err := b.workspace(ctx, config, state)
	if err != nil {
		return cost{}, err
	}
	if state == nil {
		return w.run(ctx, nil, "plan")
	}
	return w.run(ctx, nil, "plan", "-detailed-exitcode")
}

// largeState is what Terraform would know after it had created all of them,
// which would take too long.
func largeState(registry string) []byte {
	instances := make([]any, largeTopics)
	for i := range instances {
		name := fmt.Sprintf("topic-%05d", i)
		instances[i] = map[string]any{"index_key": i, "schema_version": 0, "attributes": map[string]any{
			"id": "lkc-destination/bench/" + name, "endpoint": "destination", "cluster_id": "lkc-destination",
			"link_name": "bench", "source_topic_name": name, "mirror_topic_name": name, "state": "ACTIVE",
			"on_destroy": "PROMOTE", "mirror_status": "ACTIVE", "mirror_topic_error": "NO_ERROR", "num_partitions": largePartitions,
		}}
	}
	return encode(map[string]any{"version": 4, "serial": 1, "lineage": "bench", "resources": []any{map[string]any{
		"mode": "managed", "type": "clusterlink_mirror_topic", "name": "all",
		"provider": fmt.Sprintf(`provider["%s/clusterlink/clusterlink"]`, registry), "instances": instances,
	}}})
}

// largeServer answers as Confluent Cloud does, to what planning asks it.
func largeServer() http.Handler {
	rows := make(map[string]any, largeTopics)
	list := make([]any, largeTopics)
	for i := range list {
		name := fmt.Sprintf("topic-%05d", i)
		list[i] = largeMirror(name)
		rows[name] = list[i]
	}
	page := reply(map[string]any{"kind": "KafkaMirrorDataList", "metadata": map[string]any{"next": nil}, "data": list})
	mux := http.NewServeMux()
	const mirrors = "GET /kafka/v3/clusters/lkc-destination/links/bench/mirrors"
	mux.HandleFunc(mirrors, page)
	mux.HandleFunc(mirrors+"/{mirror}", func(w http.ResponseWriter, r *http.Request) {
		row, ok := rows[r.PathValue("mirror")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		reply(row)(w, r)
	})
	return mux
}

func largeMirror(name string) map[string]any {
	lags := make([]any, largePartitions)
	for i := range lags {
		lags[i] = map[string]any{"partition": i, "lag": 0, "last_source_fetch_offset": 1_000_000}
	}
	return map[string]any{
		"kind":      "KafkaMirrorData",
		"metadata":  map[string]any{"self": "https://pkc-00000.region.provider.example.com/kafka/v3/clusters/lkc-destination/links/bench/mirrors/" + name},
		"link_name": "bench", "mirror_topic_name": name, "source_topic_name": name, "num_partitions": largePartitions,
		"mirror_lags": lags, "mirror_status": "ACTIVE", "mirror_topic_error": "NO_ERROR", "state_time_ms": 1_700_000_000_000,
	}
}

func reply(document any) http.HandlerFunc {
	text := encode(document)
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	}
}

func encode(document any) []byte {
	text, err := json.Marshal(document)
	if err != nil {
		panic(err) // maps of plain values
	}
	return text
}
