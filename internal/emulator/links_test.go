package emulator_test

import (
	"testing"

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
