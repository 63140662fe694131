package emulator_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

func TestVisibilityDelay(t *testing.T) {
	t.Parallel()
	source, destination, _, rest := pair(t, nil)
	const long, short = time.Hour, 300 * time.Millisecond

	destination.SetVisibilityDelay(long)
	rest.want(204, "POST", "/links?link_name=hidden", linkTo(source, nil))
	rest.refused(409, 40902, "POST", "/links?link_name=hidden", linkTo(source, nil))
	rest.refused(404, 404, "GET", "/links/hidden", nil)
	rest.refused(404, 404, "GET", "/links/hidden/configs", nil)
	if list := rows(rest.want(200, "GET", "/links", nil), "link_name"); list["hidden"] != nil {
		t.Errorf("list: %v", list)
	}
	says := rest.refused(404, 404, "POST", "/links/hidden/mirrors", object{"source_topic_name": "orders"})
	if !strings.Contains(says, "Unable to resolve cluster link information") {
		t.Errorf("mirror on a hidden link: %q", says)
	}
	rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
	rest.refused(404, 40403, "GET", "/links/demo/mirrors/orders", nil)
	if list := rows(rest.want(200, "GET", "/links/demo/mirrors", nil), "mirror_topic_name"); len(list) != 0 {
		t.Errorf("list: %v", list)
	}
	rest.refused(400, 40002, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})

	destination.SetVisibilityDelay(short)
	before := time.Now()
	rest.want(204, "POST", "/links?link_name=soon", linkTo(source, nil))
	eventually(t, "the link", func() bool {
		status, _ := rest.call("GET", "/links/soon", nil)
		return status == 200
	})
	if waited := time.Since(before); waited < short {
		t.Errorf("visible after %s", waited)
	}
}

// TestHiddenDestinationHalf creates the source half before the destination half can be seen.
func TestHiddenDestinationHalf(t *testing.T) {
	t.Parallel()
	source, atSource := plainCluster(t, "lkc-src", emulator.ConfluentCloud)
	destination, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	half := object{"destination_cluster_id": "lkc-dst", "configs": settings(map[string]string{
		"link.mode": "SOURCE", "connection.mode": "OUTBOUND", "bootstrap.servers": destination.BootstrapServers(),
	})}
	destination.SetVisibilityDelay(300 * time.Millisecond)
	rest.want(204, "POST", "/links?link_name=si", object{"source_cluster_id": source.ID(),
		"configs": settings(map[string]string{"link.mode": "DESTINATION", "connection.mode": "INBOUND"})})
	says := atSource.refused(400, 40002, "POST", "/links?link_name=si", half)
	if !strings.Contains(says, "does not have a link named") {
		t.Errorf("source half first: %q", says)
	}
	// Unvalidated it is created, and finds its other half later.
	atSource.want(204, "POST", "/links?link_name=si&validate_link=false", half)
	eventually(t, "the halves to find each other", func() bool {
		_, link := rest.call("GET", "/links/si", nil)
		return link["link_state"] == "ACTIVE"
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c, rest := plainCluster(t, "lkc-1", emulator.ConfluentCloud)
	get := func() (int, string, error) {
		status, body, err := rest.try("GET", "/links", nil)
		return status, string(body), err
	}
	for name, test := range map[string]struct {
		fault emulator.Fault
		check func() string
	}{
		"after and count": {emulator.Fault{Method: "GET", Path: "/links$", Status: 503, After: 1, Count: 2}, func() string {
			var seen []int
			for range 4 {
				status, _, err := get()
				if err != nil {
					return err.Error()
				}
				seen = append(seen, status)
			}
			if seen[0] != 200 || seen[1] != 503 || seen[2] != 503 || seen[3] != 200 {
				return "statuses out of order"
			}
			return ""
		}},
		"other method": {emulator.Fault{Method: "POST", Status: 500}, func() string {
			if status, _, err := get(); status != 200 || err != nil {
				return "a GET was struck"
			}
			return ""
		}},
		"429 in HTML": {emulator.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}}, func() string {
			response, err := rest.client.Get(rest.base + "/links")
			if err != nil {
				return err.Error()
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil || !strings.HasPrefix(string(body), "<html>") || response.Header.Get("Retry-After") != "1" ||
				!strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
				return "not the answer of a rate limiter: " + string(body)
			}
			return ""
		}},
		"own body": {emulator.Fault{Status: 500, Body: `{"error_code":50003,"message":"busy"}`}, func() string {
			if status, body, err := get(); status != 500 || err != nil || !strings.Contains(body, "busy") {
				return body
			}
			return ""
		}},
		"truncated": {emulator.Fault{TruncateBody: true}, func() string {
			if _, body, err := get(); !errors.Is(err, io.ErrUnexpectedEOF) || body == "" {
				return "the body is whole: " + body
			}
			return ""
		}},
		"hanging": {emulator.Fault{Hang: 100 * time.Millisecond}, func() string {
			before := time.Now()
			if _, _, err := get(); err != nil || time.Since(before) < 100*time.Millisecond {
				return "it did not hang"
			}
			return ""
		}},
	} {
		c.ClearFaults()
		c.Inject(test.fault)
		if complaint := test.check(); complaint != "" {
			t.Errorf("%s: %s", name, complaint)
		}
	}
}

func TestDrops(t *testing.T) {
	t.Parallel()
	c, rest := plainCluster(t, "lkc-1", emulator.ConfluentCloud)
	for topic, drop := range map[string]emulator.Drop{"before": emulator.DropBefore, "after": emulator.DropAfter} {
		c.ClearFaults()
		c.Inject(emulator.Fault{Method: "POST", Drop: drop, Count: 1})
		if status, _, err := rest.try("POST", "/topics", object{"topic_name": topic}); err == nil {
			t.Errorf("drop %s: status %d", topic, status)
		}
	}
	rest.refused(404, 40403, "GET", "/topics/before", nil)
	rest.want(200, "GET", "/topics/after", nil)
	for _, request := range c.Requests() {
		if request.Method == "POST" && request.Status != 0 {
			t.Errorf("recorded %+v", request)
		}
	}
}

func TestLatencyAndRecordings(t *testing.T) {
	t.Parallel()
	c, rest := plainCluster(t, "lkc-1", emulator.ConfluentCloud)
	c.SetLatency(50 * time.Millisecond)
	before := time.Now()
	rest.want(200, "GET", "/links/-/mirrors?mirror_status=ACTIVE", nil)
	rest.want(201, "POST", "/topics", object{"topic_name": "x"})
	if took := time.Since(before); took < 100*time.Millisecond {
		t.Errorf("two calls took %s", took)
	}
	recorded := c.Requests()
	if len(recorded) != 2 || recorded[0].RawQuery != "mirror_status=ACTIVE" || recorded[0].Status != 200 ||
		recorded[1].Body != `{"topic_name":"x"}` || recorded[1].Duration < 50*time.Millisecond || recorded[1].At.Before(before) {
		t.Errorf("recorded %+v", recorded)
	}
	c.ResetRequests()
	if left := c.Requests(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	c, rest := plainCluster(t, "lkc-1", emulator.ConfluentCloud)
	for _, topic := range []string{"a", "b", "c", "d", "e"} {
		if err := c.CreateTopic(topic, 1); err != nil {
			t.Fatal(err)
		}
	}
	c.SetPageSize(2)
	var names []string
	next := any(rest.base + "/topics")
	for pages := 0; next != nil && pages < 5; pages++ {
		here := *rest
		here.base = next.(string)
		answer := here.want(200, "GET", "", nil)
		for _, row := range answer["data"].([]any) {
			names = append(names, row.(object)["topic_name"].(string))
		}
		next = answer["metadata"].(object)["next"]
	}
	if got := strings.Join(names, ""); got != "abcde" {
		t.Errorf("pages hold %s", got)
	}
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca, err := emulator.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, emulator.Config{ClusterID: "lkc-1", TLS: true, ClientCA: ca.Certificate()})
	certificate, key, err := ca.Issue("terraform")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(c.CACertificate()))
	for name, certificates := range map[string][]tls.Certificate{"with": {pair}, "without": nil} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certificates}}
		response, err := (&http.Client{Transport: transport}).Get(c.RESTEndpoint() + "/kafka/v3/clusters")
		if err == nil {
			_ = response.Body.Close()
		}
		if (err == nil) != (certificates != nil) {
			t.Errorf("%s a certificate: %v", name, err)
		}
		transport.CloseIdleConnections()
	}
}

func TestBadConfigs(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]emulator.Config{
		"no id":             {},
		"mTLS without TLS":  {ClusterID: "lkc-1", ClientCA: "x"},
		"no CA certificate": {ClusterID: "lkc-1", TLS: true, ClientCA: "x"},
		"bad address":       {ClusterID: "lkc-1", RESTAddress: "256.0.0.1:0"},
	} {
		if c, err := emulator.Start(cfg); err == nil { //nolint:forbidigo // there is no cluster to call
			c.Close()
			t.Errorf("%s: started", name)
		}
	}
}
