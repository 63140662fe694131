package provider

import (
	"context"
	"runtime"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// A plan of thousands of resources is as many calls, of which nothing may stay.
func TestServerKeepsNothingOfCallsThatAreOver(t *testing.T) {
	const calls, each = 300, 1 << 20
	type key struct{}
	server := NewServer("test")()
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap()
	for range calls {
		ctx := context.WithValue(t.Context(), key{}, make([]byte, each))
		_, err := server.UpgradeResourceState(ctx, &tfprotov6.UpgradeResourceStateRequest{
			TypeName: mirrorTopicType, RawState: &tfprotov6.RawState{JSON: []byte(`{"link_name":"l"}`)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if kept := int64(heap()) - int64(before); kept > calls*each/10 {
		t.Errorf("%d calls left %d MB behind", calls, kept>>20)
	}
	runtime.KeepAlive(server)
}
