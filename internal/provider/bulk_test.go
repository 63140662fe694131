package provider

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// read reads a data source.
func (w *wire) read(name string, config attrs) tftypes.Value {
	w.t.Helper()
	typ := w.schema.DataSourceSchemas[name].ValueType()
	resp, err := w.ReadDataSource(w.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: name, Config: w.encode(value(typ, config))})
	if err != nil {
		w.t.Fatal(err)
	}
	expectDiagnostics(w.t, resp.Diagnostics)
	state, err := resp.State.Unmarshal(typ)
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

// serveMirrors answers lists of mirror topics.
func serveMirrors(t *testing.T, rows []any) (endpoints attrs) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"next": nil}, "data": rows})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	t.Cleanup(server.Close)
	return attrs{"endpoints": attrs{"a": attrs{"rest_endpoint": server.URL, "cluster_id": "lkc-1"}}}
}

// What goes past the framework is what the framework would have made of it.
func TestBulkListsAreWhatTheFrameworkWouldSend(t *testing.T) {
	t.Parallel()
	endpoints := serveMirrors(t, []any{
		map[string]any{"mirror_topic_name": "bare", "mirror_status": "FAILED"},
		map[string]any{
			"link_name": "l", "mirror_topic_name": "whole", "source_topic_name": "s", "mirror_status": "ACTIVE", "mirror_topic_error": "NO_ERROR",
			"num_partitions": 2, "state_time_ms": 1_700_000_000_000, "mirror_lags": []any{
				map[string]any{"partition": 1, "lag": int64(1) << 40, "last_source_fetch_offset": -1},
				map[string]any{"partition": 0, "lag": 300, "last_source_fetch_offset": 70_000},
			},
		},
	})
	framework, err := providerserver.NewProtocol6WithError(New("test")())()
	if err != nil {
		t.Fatal(err)
	}
	for _, config := range []attrs{{}, {"link_name": "l"}, {"mirror_status": "STOPPED"}} {
		ours, theirs := newWire(t), newWireTo(t, framework)
		expectDiagnostics(t, ours.configure(endpoints))
		expectDiagnostics(t, theirs.configure(endpoints))
		got, want := ours.read("clusterlink_mirror_topics", config), theirs.read("clusterlink_mirror_topics", config)
		if !got.Equal(want) {
			t.Errorf("%v:\n%s\nwant\n%s", config, got, want)
		}
	}
}

// Whole trees of values would be several kilobytes for each partition.
func TestBulkListsTakeLittleMemory(t *testing.T) {
	const topics, partitions, perPartition = 500, 12, 1500
	lags := make([]any, partitions)
	for i := range lags {
		lags[i] = map[string]any{"partition": i, "lag": i, "last_source_fetch_offset": 1_000_000}
	}
	rows := make([]any, topics)
	for i := range rows {
		rows[i] = map[string]any{"mirror_topic_name": fmt.Sprint(i), "mirror_status": "ACTIVE", "num_partitions": partitions, "mirror_lags": lags}
	}
	w := newWire(t)
	expectDiagnostics(t, w.configure(serveMirrors(t, rows)))
	typ := w.schema.DataSourceSchemas["clusterlink_mirror_topics"].ValueType()
	config := w.encode(value(typ, attrs{}))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resp, err := w.ReadDataSource(t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: "clusterlink_mirror_topics", Config: config})
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Fatal(err)
	}
	expectDiagnostics(t, resp.Diagnostics)
	if taken := (after.TotalAlloc - before.TotalAlloc) / (topics * partitions); taken > perPartition {
		t.Errorf("%d bytes for each partition, want at most %d", taken, perPartition)
	}
}
