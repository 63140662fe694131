package emulator_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// times calls a function from so many goroutines at once.
func times(n int, f func(i int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { f(i) })
	}
	group.Wait()
}

// TestOneWins has many callers create and delete the same objects.
func TestOneWins(t *testing.T) {
	t.Parallel()
	source, _, _, rest := pair(t, nil)
	once := func(what string, success, refused int, method, path string, body any) {
		t.Helper()
		var won atomic.Int64
		times(12, func(int) {
			switch status, text, err := rest.try(method, path, body); {
			case status == success:
				won.Add(1)
			case status != refused:
				t.Errorf("%s: %d %s %v", what, status, text, err)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%s: %d succeeded", what, won.Load())
		}
	}
	for range 3 {
		once("create a link", 204, 409, "POST", "/links?link_name=contended", linkTo(source, nil))
		once("create a mirror", 204, 400, "POST", "/links/contended/mirrors", object{"source_topic_name": "orders"})
		once("delete a topic", 204, 404, "DELETE", "/topics/orders", nil)
		once("delete a link", 204, 404, "DELETE", "/links/contended", nil)
	}
}

// TestMirrorsOfAVanishingLink creates mirrors while their link is deleted: no topic may stay read-only.
func TestMirrorsOfAVanishingLink(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	source, destination, _, rest := pair(t, nil)
	const topics = 16
	for i := range topics {
		if err := source.CreateTopic(fmt.Sprint("topic-", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	times(topics+1, func(i int) {
		if i == topics {
			if status, text, err := rest.try("DELETE", "/links/demo?force=true", nil); status != 204 {
				t.Errorf("delete: %d %s %v", status, text, err)
			}
			return
		}
		status, text, err := rest.try("POST", "/links/demo/mirrors", object{"source_topic_name": fmt.Sprint("topic-", i)})
		if status != 204 && status != 404 && status != 500 {
			t.Errorf("topic-%d: %d %s %v", i, status, text, err)
		}
	})
	for name := range rows(rest.want(200, "GET", "/topics", nil), "topic_name") {
		if err := destination.Produce(ctx, name, "mine"); err != nil {
			t.Errorf("%s is not writable: %v", name, err)
		}
	}
}
