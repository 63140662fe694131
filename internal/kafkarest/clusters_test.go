package kafkarest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func discover(c *Config) { c.ClusterID = "" }

func TestClusterID(t *testing.T) {
	t.Parallel()
	s := serve(t, replies(jsonReply(200, `{"data": [{"kind": "KafkaCluster", "cluster_id": "lkc-9/x", "controller": null}]}`), jsonReply(200, `{"data": []}`)))
	ctx, c := testContext(t), newTestClient(t, s.URL, discover)
	for range 2 {
		if _, err := c.Links(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if id, err := c.ClusterID(ctx); id != "lkc-9/x" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
	links := "GET /kafka/v3/clusters/lkc-9%2Fx/links"
	if got := strings.Join(s.lines(), ", "); got != "GET /kafka/v3/clusters, "+links+", "+links {
		t.Error(got)
	}
}

func TestConfiguredClusterIDAsksNothing(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, "http://127.0.0.1:1")
	if id, err := c.ClusterID(testContext(t)); id != "lkc-1" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
}

func TestClusterIDErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reply  reply
		words  string
		is     error
		choice []string
	}{
		{jsonReply(200, `{"data": []}`), "lists no cluster; set cluster_id", nil, []string{}},
		{jsonReply(200, `{"data": [{"cluster_id": null}]}`), "lists no cluster; set cluster_id", nil, []string{}},
		{jsonReply(200, `{"data": [{"cluster_id": "a"}, {"cluster_id": "b"}]}`), "lists several clusters; set cluster_id to one of: a, b", nil, []string{"a", "b"}},
		{jsonReply(401, `{"error_code": 40101, "message": "Unauthorized"}`), "discover the cluster id: GET /clusters: 401", ErrUnauthorized, nil},
		{jsonReply(403, `{"error_code": 40301, "message": "no"}`), "discover the cluster id: GET /clusters: 403", ErrForbidden, nil},
		{jsonReply(404, `{"error_code": 404, "message": "HTTP 404 Not Found"}`), "does not list its cluster; set cluster_id", nil, nil},
		{jsonReply(405, `{"error_code": 405, "message": "HTTP 405"}`), "does not list its cluster; set cluster_id", nil, nil},
		{htmlReply(200, `<html>`), "discover the cluster id: GET /clusters: 200 OK: unexpected reply", nil, nil},
	} {
		s := serve(t, replies(test.reply))
		ctx, c := testContext(t), newTestClient(t, s.URL, discover)
		for range 2 { // an error is not kept
			_, err := c.Link(ctx, "l", false)
			if err == nil || !strings.Contains(err.Error(), test.words) {
				t.Fatalf("%s: %v", test.reply.body, err)
			}
			// That the list of clusters is not there does not mean that the link is not.
			for _, meaning := range meanings {
				if errors.Is(err, meaning) != (meaning == test.is) {
					t.Errorf("%v: is %q: %v", err, meaning, errors.Is(err, meaning))
				}
			}
			choice, ok := errors.AsType[*ClusterChoiceError](err)
			if ok != (test.choice != nil) || ok && len(choice.Clusters) != len(test.choice) {
				t.Errorf("%v: choice %v", err, choice)
			}
		}
		if s.count() != 2 {
			t.Errorf("%s: %d requests", test.reply.body, s.count())
		}
		// A server without the list is not taken for one without configs:alter.
		_ = c.AlterLinkSettings(ctx, "l", []Change{{}}, false)
		if s.count() != 3 {
			t.Errorf("%s: %q", test.reply.body, s.lines())
		}
	}
}

func TestClusterIDIsNotKeptAfterAnError(t *testing.T) {
	t.Parallel()
	s := serve(t, replies(reply{status: 403}, jsonReply(200, `{"data": [{"cluster_id": "a"}]}`)))
	ctx, c := testContext(t), newTestClient(t, s.URL, discover)
	if _, err := c.ClusterID(ctx); err == nil {
		t.Error("it worked")
	}
	if id, err := c.ClusterID(ctx); id != "a" || err != nil {
		t.Errorf("%q, %v", id, err)
	}
}

// Callers that come together ask once, and the first one's giving up, like
// anybody's, is no matter to the others.
func TestClusterIDIsSharedAndOutlivesACaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := fakeClient(t, reply{})
		c.clusterID.Store(nil)
		requests := 0
		c.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			requests++
			select {
			case <-r.Context().Done():
				return nil, r.Context().Err()
			case <-time.After(10 * time.Second):
			}
			body := httpBody(`{"data": [{"cluster_id": "a"}]}`)
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body, Request: r}, nil
		})
		start := time.Now()
		var all sync.WaitGroup
		for i := range 20 {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if i%2 == 0 {
				time.AfterFunc(time.Duration(i+1)*100*time.Millisecond, cancel)
			}
			all.Go(func() {
				id, err := c.ClusterID(ctx)
				if i%2 == 0 {
					if took := time.Since(start); !errors.Is(err, context.Canceled) || took > 3*time.Second {
						t.Errorf("%d: %q, %v after %v", i, id, err, took)
					}
				} else if id != "a" || err != nil {
					t.Errorf("%d: %q, %v", i, id, err)
				}
			})
			if i == 0 {
				synctest.Wait()
			}
		}
		all.Wait()
		if requests != 1 {
			t.Errorf("%d requests", requests)
		}
	})
}

// All at once, for the race detector.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		switch {
		case n%7 == 0:
			w.WriteHeader(503)
		case strings.HasSuffix(r.URL.Path, "/clusters"):
			replies(jsonReply(200, `{"data": [{"cluster_id": "a"}]}`))(w, r, n)
		case strings.HasSuffix(r.URL.Path, "/mirrors"):
			replies(jsonReply(200, `{"data": [{"mirror_topic_name": "m"}]}`))(w, r, n)
		case r.Method == http.MethodGet:
			replies(jsonReply(404, `{"error_code": 404, "message": "no hunter2-hunter2"}`))(w, r, n)
		default:
			w.WriteHeader(204)
		}
	})
	c := newTestClient(t, s.URL, discover, func(c *Config) { c.MaxRetries, c.Token = 20, "hunter2-hunter2" })
	ctx := testContext(t)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			mine, cancel := context.WithCancel(ctx)
			defer cancel()
			if i%5 == 0 {
				time.AfterFunc(time.Millisecond, cancel)
			}
			_, err := c.Mirrors(mine, AnyLink, "")
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if _, err := c.Link(ctx, "l", false); !errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "hunter2") {
				t.Error(err)
			}
			if err := c.DeleteTopic(ctx, "t"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
