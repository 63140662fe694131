package kafkarest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestBaseURL(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://rb-0000.csp.example.com:8090":        "https://rb-0000.csp.example.com:8090/kafka/v3",
		"https://rb-0000.csp.example.com:8090/":       "https://rb-0000.csp.example.com:8090/kafka/v3",
		"https://pkc-1.example.com:443/kafka":         "https://pkc-1.example.com:443/kafka/v3",
		"https://pkc-1.example.com:443/kafka//":       "https://pkc-1.example.com:443/kafka/v3",
		"https://pkc-1.example.com/kafka/v3":          "https://pkc-1.example.com/kafka/v3",
		"http://proxy.example.com:8082/v3":            "http://proxy.example.com:8082/v3",
		"http://proxy.example.com:8082/v3/":           "http://proxy.example.com:8082/v3",
		"http://gate.example.com/a/rest":              "http://gate.example.com/a/rest/kafka/v3",
		"http://gate.example.com/mykafka":             "http://gate.example.com/mykafka/kafka/v3",
		"http://gate.example.com/v3x":                 "http://gate.example.com/v3x/kafka/v3",
		"http://gate.example.com/a%2Fb%20c":           "http://gate.example.com/a%2Fb%20c/kafka/v3",
		"HTTPS://[2001:db8::1]:8090":                  "https://[2001:db8::1]:8090/kafka/v3",
		"http://[fe80::1%25eth0]:8090":                "http://[fe80::1%25eth0]:8090/kafka/v3",
		"https://gate.example.com/someone@the.office": "https://gate.example.com/someone@the.office/kafka/v3",
	} {
		got, err := BaseURL(endpoint)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v\nwant %s", endpoint, got, err, want)
		}
	}
}

func TestBaseURLErrors(t *testing.T) {
	t.Parallel()
	for endpoint, words := range map[string]string{
		"":                                  "must begin with http",
		"rb-0000.csp.example.com:8090":      "must begin with http",
		"localhost:8090":                    "must begin with http",
		"ftp://example.com":                 "must begin with http",
		"//example.com":                     "must begin with http",
		" https://example.com":              "is not a URL",
		"https://":                          "must name a host",
		"https://:8090":                     "must name a host",
		"https:example.com":                 "must name a host",
		"https://example.com?":              "must not hold a query",
		"https://example.com?a=hunter2":     "must not hold a query",
		"https://example.com#":              "must not hold a fragment",
		"https://example.com/#hunter2":      "must not hold a fragment",
		"https://example.com:port":          "is not a URL",
		"https://exa mple.com":              "is not a URL",
		"https://example.com\n":             "is not a URL",
		"https://example.com/%zz":           "is not a URL",
		"https://u:hunter2@example.com":     "user info",
		"https://hunter2@example.com":       "user info",
		"https://@example.com":              "user info",
		"https://u:hunter2/x@example.com":   "user info",
		"https://u:hunter2%zz@example.com":  "user info",
		"https://u:hunter2 x@example.com":   "user info",
		"https://u:hunter2#x@example.com":   "user info",
		"https://u:hunter2?x@example.com":   "user info",
		"https://u:hunter2[x@example.com":   "user info",
		"https://u:hunter2\x7f@example.com": "user info",
	} {
		got, err := BaseURL(endpoint)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v, %v\nwant an error with %q", endpoint, got, err, words)
			continue
		}
		_, err = New(Config{Endpoint: endpoint})
		if err == nil || !strings.HasPrefix(err.Error(), "the REST endpoint ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: New: %v", endpoint, err)
		}
	}
}

func TestNewErrors(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	pair, other := authority.issue(t, "client"), authority.issue(t, "client")
	for _, test := range []struct {
		cfg   Config
		words string
	}{
		{Config{CACertificate: "hunter2"}, "CA certificate: holds no PEM certificate"},
		{Config{CACertificate: pair.key}, "CA certificate: holds no PEM certificate"},
		{Config{ClientCertificate: pair.certificate}, "do not work together"},
		{Config{ClientKey: pair.key}, "do not work together"},
		{Config{ClientCertificate: pair.certificate, ClientKey: other.key}, "do not work together"},
		{Config{ClientCertificate: pair.certificate, ClientKey: "hunter2"}, "do not work together"},
		{Config{Token: "hunter2\n"}, "line break"},
		{Config{Token: "hunter2", Username: "u"}, "exclude each other"},
		{Config{Username: "u:hunter2"}, "colon"},
	} {
		test.cfg.Endpoint = "https://example.com"
		_, err := New(test.cfg)
		if err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%v, want an error with %q", err, test.words)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v repeats a secret", err)
		}
	}
}

func TestAuthorization(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"none", func(*Config) {}, ""},
		{"basic", func(c *Config) { c.Username, c.Password = "käthe", "p:w ü" }, "Basic a8OkdGhlOnA6dyDDvA=="},
		{"bearer", func(c *Config) { c.Token = "tok" }, "Bearer tok"},
	} {
		s := serve(t, replies(reply{status: 503}, jsonReply(200, `{"data": []}`)))
		c := newTestClient(t, s.URL, test.change, func(c *Config) { c.UserAgent = "clusterlink/1" })
		if _, err := c.Links(testContext(t)); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.requests {
			if got := r.header.Get("Authorization"); got != test.want {
				t.Errorf("%s: Authorization %q", test.name, got)
			}
			if got := r.header.Get("User-Agent"); got != "clusterlink/1" {
				t.Errorf("User-Agent %q", got)
			}
		}
	}
}

// A redirect is not followed, to wherever it leads: the credentials would follow.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, replies(jsonReply(200, `{"data": []}`)))
	for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
		for _, location := range []string{elsewhere.URL + "/x", "/kafka/v3/elsewhere", "", "http://%zz"} {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				if location != "" {
					w.Header().Set("Location", location)
				}
				w.WriteHeader(status)
			})
			c := newTestClient(t, s.URL, func(c *Config) { c.Username, c.Password = "u", "hunter2-hunter2" })
			_, err := c.Links(testContext(t))
			e := asError(t, err)
			if e.Status != status || s.count() != 1 || e.Attempts != 1 || !strings.Contains(e.Error(), location) {
				t.Errorf("%d to %q: %v after %d requests", status, location, e, s.count())
			}
			err = c.DeleteLink(testContext(t), "l", false)
			if e := asError(t, err); e.Uncertain || s.count() != 2 {
				t.Errorf("%d to %q: %v after %d requests", status, location, e, s.count())
			}
		}
	}
	if elsewhere.count() != 0 {
		t.Errorf("%d requests went elsewhere", elsewhere.count())
	}
}

func TestConnectionIsReused(t *testing.T) {
	t.Parallel()
	s, connections := &server{}, &countingListener{}
	s.Server = httptest.NewUnstartedServer(s.record(t, func(w http.ResponseWriter, r *http.Request, n int) {
		switch {
		case n%10 == 0:
			replies(jsonReply(404, `{"error_code": 404, "message": "no"}`+strings.Repeat(" ", 10_000)))(w, r, n)
		case r.Method == http.MethodDelete:
			replies(jsonReply(200, `{"unread": "body"}`))(w, r, n)
		default:
			replies(jsonReply(200, `{"data": [{"link_name": "l"}]}`+"\n\n"))(w, r, n)
		}
	}))
	connections.Listener = s.Listener
	s.Listener = connections
	s.Start()
	t.Cleanup(s.Close)
	ctx, c := testContext(t), newTestClient(t, s.URL)
	for i := range 100 {
		var err error
		if i%3 == 0 {
			err = c.DeleteLink(ctx, "l", false)
		} else {
			_, err = c.Links(ctx)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	}
	if got := connections.count(); s.count() != 100 || got != 1 {
		t.Errorf("%d requests over %d connections", s.count(), got)
	}
}

func TestDefaultRequestTimeout(t *testing.T) {
	t.Parallel()
	c, err := New(Config{Endpoint: "http://localhost"})
	if err != nil || c.requestTimeout != 30*time.Second {
		t.Errorf("%v, %v", c.requestTimeout, err)
	}
}
