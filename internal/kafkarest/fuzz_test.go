package kafkarest

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever a server answers, an error is short, clean, and free of secrets.
func FuzzErrorBody(f *testing.F) {
	for _, body := range []string{
		"", "null", "{}", `{"error_code": 40401, "message": "no such link"}`, `{"error_code": "x"}`, `{"message": "hunter2-hunter2"}`,
		`{"message": "\"hunter2-hunter2\" \ud83d \u0000"}`, "<html><head><title>429 &amp; more</title></head><body><script>x</script></body></html>",
		"<title>", "<script", "hunter2-hunter2", "hunter2\\u002dhunter2", "hunter2%2dhunter2", "hunter2&#45;hunter2", "hunter2<b>-hunter2",
		"\xff\xfe", strings.Repeat("hunter2-", 300), `[{"id": 1}]`,
	} {
		for _, status := range []int{301, 400, 401, 404, 429, 503} {
			f.Add(status, body)
		}
	}
	c, err := New(Config{Endpoint: "http://rest.example.com", Token: "hunter2-hunter2"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		cl := call{method: "DELETE", path: "/links/l", secrets: []string{"pass-word"}}
		e := c.newError(t.Context(), cl, reply{status: status, body: []byte(body + " pass-word")}, true)
		text := e.Error()
		if !utf8.ValidString(text) || utf8.RuneCountInString(e.Message) > maxMessage+1 {
			t.Errorf("%d: %q", utf8.RuneCountInString(e.Message), text)
		}
		if strings.Contains(text, "hunter2-hunter2") || strings.Contains(text, "pass-word") {
			t.Errorf("%q from %q", text, body)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			t.Errorf("%q", text)
		}
		n := 0
		for _, meaning := range meanings {
			if e.Is(meaning) {
				n++
			}
		}
		if n > 1 {
			t.Errorf("%q has %d meanings", text, n)
		}
	})
}

// Whatever a server answers, a list is decoded or refused, and never taken for
// empty where it holds no data.
func FuzzPage(f *testing.F) {
	for _, body := range []string{
		"", "null", "{}", "[]", `{"data": []}`, `{"data": null}`, `{"data": [null, {}]}`, `{"data": [], "data": [{"link_name": "l"}]}`,
		`{"metadata": {"next": "?a=b"}, "data": [{"link_name": "l", "topic_names": ["t"]}], "more": [[{}]]}`,
		`{"metadata": null, "data": [{"link_name": 1}]}`, `{"data": [{"link_name": "l"}`, `{"data": [`, `{"data"`, `{"data": []} trailing`,
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var p page[Link]
		err := p.decode(strings.NewReader(body))
		if err == nil && !strings.Contains(body, "data") && !strings.Contains(body, `\u`) {
			t.Errorf("%q is taken for a list of %d", body, len(p.rows))
		}
		var again page[Link]
		again.rows, again.next = make([]Link, 3), "left over"
		if err2 := again.decode(strings.NewReader(body)); (err == nil) != (err2 == nil) || len(again.rows) != len(p.rows) || again.next != p.next {
			t.Errorf("%q: %v, %v", body, err, err2)
		}
		_ = nextQuery(nil, p.next)
	})
}

// Whatever is written as an endpoint, it is refused without telling a password, or completed to a base that leads
// to the same host and is complete.
func FuzzEndpoint(f *testing.F) {
	for _, endpoint := range []string{
		"", "https://rest.example.com:8090", "http://127.0.0.1:8082/v3/", "https://rest.example.com/kafka", "HTTPS://[::1]:443/kafka/v3//", "rest.example.com",
		"https://user:hunter2-hunter2@rest.example.com", "https://user:hunter2-hunter2@rest.example.com:port", "user:hunter2-hunter2@host", "https://:hunter2-hunter2@",
		"https://rest.example.com/a%2Fb", "https://rest.example.com/%zz", "https://rest.example.com?a=b", "https://rest.example.com/#", "https:///v3", "https://a b", "//x/v3",
		"https://rest.example.com/ü/../v3", "ftp://rest.example.com", "https://rest.example.com/\x00", "https://%41",
	} {
		f.Add(endpoint)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		base, err := BaseURL(endpoint)
		if err != nil {
			if strings.Contains(endpoint, ":hunter2-hunter2@") && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q: %v", endpoint, err)
			}
			return
		}
		text := base.String()
		if base.Scheme != "http" && base.Scheme != "https" || base.Hostname() == "" || base.User != nil || strings.ContainsAny(text, "?#") || !strings.HasSuffix(text, "/v3") {
			t.Errorf("%q becomes %q", endpoint, text)
		}
		if again, err := BaseURL(text); err != nil || again.String() != text {
			t.Errorf("%q becomes %q, and that %v (%v)", endpoint, text, again, err)
		}
	})
}
