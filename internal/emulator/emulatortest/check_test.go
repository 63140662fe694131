package emulatortest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

const (
	goodLink = `{"kind": "KafkaLinkData", "metadata": {"self": "s"}, "link_name": "l", "cluster_link_id": "id", "topic_names": ["t"]}`
	aClient  = "terraform-provider-clusterlink/test"
)

func TestDeparturesAreCaught(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		call, body string // the call's
		agent      string
		status     int
		answer     string
		want       string // empty: all is well
	}{
		"nothing wrong":                       {call: "GET /links/l?include_tasks=true", answer: goodLink},
		"names with slashes":                  {call: "GET /links/a%2Fb", answer: goodLink},
		"a wrong field in an answer":          {call: "GET /links/l", answer: strings.Replace(goodLink, "{", `{"linkName": "l", `, 1), want: `property "linkName" is unsupported`},
		"a wrong field further in":            {call: "GET /links/l", answer: strings.Replace(goodLink, `"self"`, `"me": 1, "self"`, 1), want: `at /metadata: property "me" is unsupported`},
		"a missing field in an answer":        {call: "GET /links/l", answer: strings.Replace(goodLink, `"link_name": "l", `, "", 1), want: `property "link_name" is missing`},
		"a wrong type in an answer":           {call: "GET /links/l", answer: strings.Replace(goodLink, `["t"]`, `"t"`, 1), want: "at /topic_names: value must be an array"},
		"null for a string":                   {call: "GET /links/l", answer: strings.Replace(goodLink, `"l"`, `null`, 1), want: "at /link_name: Value is not nullable"},
		"a made-up value":                     {call: "GET /links/l", answer: strings.Replace(goodLink, "{", `{"link_state": "HAPPY", `, 1), want: "at /link_state: value is not one of"},
		"HTML":                                {call: "GET /links/l", answer: "<html>", want: "decode"},
		"no body":                             {call: "GET /links/l", want: "decode"},
		"a status that is not described":      {call: "GET /links/l", status: 202, answer: goodLink, want: "status is not supported"},
		"a body where there is none":          {call: "DELETE /links/l", status: 204, answer: "{}", want: "there should be no body"},
		"a refusal":                           {call: "GET /links/l", status: 404, answer: `{"error_code": 404, "message": "gone"}`},
		"a refusal that is none":              {call: "GET /links/l", status: 404, answer: goodLink, want: "components/schemas/Error"},
		"an unknown path":                     {call: "GET /linkz", answer: goodLink, want: "no matching operation"},
		"an unknown path, refused":            {call: "GET /linkz", status: 404, answer: `{"error_code": 404, "message": "none"}`},
		"an unknown path that a client calls": {call: "GET /linkz", status: 404, agent: aClient, answer: `{"error_code": 404, "message": "none"}`, want: "no matching operation"},
		"a wrong method":                      {call: "POST /links/l", agent: aClient, status: 405, answer: `{"error_code": 405, "message": "no"}`, want: "method"},
		"an unknown parameter":                {call: "GET /links/l?tasks=true", answer: goodLink, want: `no query parameter "tasks"`},
		"a missing parameter":                 {call: "POST /links", body: `{}`, status: 204, want: `parameter "link_name" in query`},
		"a parameter of a wrong type":         {call: "GET /links/l?include_tasks=maybe", answer: goodLink, want: `parameter "include_tasks" in query`},
		"a wrong field in a request":          {call: "POST /links?link_name=l", body: `{"configs": [{"name": "n", "value": "v", "valeu": "v"}]}`, status: 204, want: `at /configs/0: property "valeu" is unsupported`},
		"a missing field in a request":        {call: "POST /links/l/mirrors", body: `{"mirror_topic_name": "t"}`, status: 204, want: `property "source_topic_name" is missing`},
		"a wrong type in a request":           {call: "POST /links/l/mirrors", body: `{"source_topic_name": "t", "replication_factor": "3"}`, status: 204, want: "at /replication_factor: value must be an integer"},
		"a body where a request has none":     {call: "GET /links/l", body: `{}`, answer: goodLink, want: "request body not allowed"},
		"a wrong request that is refused":     {call: "POST /links/l/mirrors", body: `{"topic": "t"}`, status: 400, answer: `{"error_code": 400, "message": "no"}`},
		"a wrong request that got no answer":  {call: "POST /links/l/mirrors", body: `{"topic": "t"}`, status: -1},
		"a wrong request that a client makes": {call: "POST /links/l/mirrors", body: `{"topic": "t"}`, agent: aClient, status: -1, want: `property "topic" is unsupported`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			method, path, _ := strings.Cut(c.call, " ")
			r, err := http.NewRequest(method, "http://rest.example.com/v3/clusters/lkc-1"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("User-Agent", "Go-http-client/1.1")
			if c.agent != "" {
				r.Header.Set("User-Agent", c.agent)
			}
			r.Header.Set("Content-Type", "application/json")
			if c.status == 0 {
				c.status = http.StatusOK
			}
			fake := &fakeT{}
			check := Check(fake, emulator.ConfluentCloud)
			for range 2 { // each departure is told once
				check(emulator.Exchange{
					Request: r, RequestBody: []byte(c.body), BasePath: "/v3",
					Status: max(c.status, 0), Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(c.answer),
				})
			}
			if told := strings.Join(fake.errors, "\n"); c.want == "" && told != "" || !strings.Contains(told, c.want) ||
				c.want != "" && (len(fake.errors) != 1 || !strings.Contains(told, method+" http://rest.example.com/v3/clusters/lkc-1")) {
				t.Errorf("told %q, want %q", fake.errors, c.want)
			}
		})
	}
}

type fakeT struct{ errors []string }

func (*fakeT) Helper()        {}
func (*fakeT) Cleanup(func()) {}
func (*fakeT) Fatal(...any)   {}
func (t *fakeT) Errorf(format string, args ...any) {
	t.errors = append(t.errors, fmt.Sprintf(format, args...))
}

// Every departure in the list happens, and with all of them nothing else departs.
func TestDeparturesAreNeeded(t *testing.T) {
	t.Parallel()
	for _, dialect := range []emulator.Dialect{emulator.ConfluentCloud, emulator.ConfluentPlatform71} {
		exchanges := everyDeparture(t, dialect)
		doc := describe()
		before := complaints(t, must[routers.Router](gorillamux.NewRouter(doc)), exchanges)
		for _, d := range departures {
			if !d.isOf(dialect) {
				continue
			}
			d.amend(doc)
			after := complaints(t, must[routers.Router](gorillamux.NewRouter(doc)), exchanges)
			if slices.Equal(after, before) {
				t.Errorf("dialect %d: it is not needed that %s", dialect, d.what)
			}
			before = after
		}
		for _, complaint := range before {
			if complaint != "" {
				t.Errorf("dialect %d: %s", dialect, complaint)
			}
		}
	}
}

func complaints(t *testing.T, routes routers.Router, exchanges []emulator.Exchange) []string {
	t.Helper()
	all := make([]string, len(exchanges))
	for i, e := range exchanges {
		for _, departure := range departuresOf(routes, e) {
			all[i] += e.Request.Method + " " + e.Request.URL.Path + ": " + departure + "\n"
		}
	}
	return all
}

// everyDeparture makes clusters do what the list of departures says.
func everyDeparture(t *testing.T, dialect emulator.Dialect) []emulator.Exchange {
	t.Helper()
	var mu sync.Mutex
	var seen []emulator.Exchange
	clusters := make(map[string]*emulator.Cluster)
	network := emulator.NewNetwork()
	for _, id := range []string{"lkc-source", "lkc-destination"} {
		c, err := emulator.Start(emulator.Config{ClusterID: id, Dialect: dialect, Network: network, Observe: func(e emulator.Exchange) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, e)
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		clusters[id] = c
	}
	source, destination := clusters["lkc-source"], clusters["lkc-destination"]
	if err := source.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	destination.SetMirrorStatus("demo", "orders", UnknownStatus)
	destination.SetPageSize(1)
	setting := func(name, value string) string { return fmt.Sprintf(`{"name": %q, "value": %q}`, name, value) }
	inbound := `{"source_cluster_id": "lkc-source", "configs": [` + setting("link.mode", "DESTINATION") + `, ` + setting("connection.mode", "INBOUND") + `]}`
	outbound := `{"destination_cluster_id": "lkc-destination", "configs": [` + setting("link.mode", "SOURCE") + `, ` + setting("bootstrap.servers", destination.BootstrapServers()) + `]}`
	for _, c := range []struct {
		of         *emulator.Cluster
		call, body string
	}{
		{destination, "POST /links?link_name=demo", `{"source_cluster_id": "lkc-source", "configs": [` + setting("bootstrap.servers", source.BootstrapServers()) + `, ` + setting("ssl.key.password", "secret") + `]}`},
		{destination, "POST /links/demo/mirrors", `{"source_topic_name": "orders"}`},
		{destination, "GET /links/demo/mirrors/orders", ""},
		{destination, "GET /links/demo/configs?page_token=1", ""},
		{destination, "GET /links/demo/configs/ssl.key.password", ""},
		{destination, "GET /links/demo/configs/acl.sync.enable", ""},
		{destination, "GET /links/none", ""},
		{destination, "GET /clusters", ""},
		{destination, "POST /links?link_name=pair", inbound},
		{source, "POST /links?link_name=pair", outbound},
		{source, "DELETE /links/pair", ""},
		{source, "GET /links", ""},
	} {
		method, path, _ := strings.Cut(c.call, " ")
		if path != "/clusters" {
			path = "/clusters/" + c.of.ID() + path
		}
		request, err := http.NewRequest(method, c.of.RESTEndpoint()+basePath+path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode >= 400 && path != "/clusters/lkc-destination/links/none" {
			t.Errorf("%s: %d %s (%v)", c.call, response.StatusCode, body, err)
		}
		_ = response.Body.Close()
	}
	return seen
}
