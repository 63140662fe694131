package kafkarest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// encodings are the ways in which a server may write what it repeats.
var encodings = map[string]func(string) string{
	"as it is":        func(s string) string { return s },
	"JSON":            quoteJSON,
	"JSON of JSON":    func(s string) string { return quoteJSON(quoteJSON(s)) },
	"ASCII":           strconv.QuoteToASCII,
	"query":           url.QueryEscape,
	"query of JSON":   func(s string) string { return url.QueryEscape(quoteJSON(s)) },
	"lower-case":      func(s string) string { return percent.ReplaceAllStringFunc(url.QueryEscape(s), strings.ToLower) },
	"path":            url.PathEscape,
	"query twice":     func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"HTML":            html.EscapeString,
	"HTML of JSON":    func(s string) string { return html.EscapeString(quoteJSON(s)) },
	"without charset": func(s string) string { return strings.ReplaceAll(s, "ä", "?") },
}

var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

func quoteJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

const (
	pemKey = "-----BEGIN PRIVATE KEY-----\n" +
		"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n" +
		"MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu\n" +
		"NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ\n" +
		"-----END PRIVATE KEY-----\n"
	jaasLine = `org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="s3cret\"wörd\\/ä&<p> x";`
)

// Every part that must not be seen, of what is sent here.
var planted = []string{
	`s3cret"wörd\/ä&<p> x`, `s3cret\"wörd\\/ä&<p> x`, "s3cret", "wörd",
	"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
	"MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu",
	"NMoSfm76oqFvAp8Gy0iz5sxjZmSnXyCdPEovGhLa0VzMaQ8s+CLOyS56YyCFGeJZ",
	"own-pässword/1", "own-p", "ssword/1", "hunt-er",
	base64.StdEncoding.EncodeToString([]byte("me:own-pässword/1")),
}

func TestEchoedRequestLeaksNothing(t *testing.T) {
	t.Parallel()
	for name, encode := range encodings {
		for _, envelope := range []string{"json", "text", "html"} {
			t.Run(name+" in "+envelope, func(t *testing.T) {
				t.Parallel()
				s := serveEcho(t, encode, envelope)
				checkNoLeak(t, newTestClient(t, s.URL, func(c *Config) { c.Username, c.Password = "me", "own-pässword/1" }))
				if s.count() != 7 {
					t.Errorf("%d requests", s.count())
				}
			})
		}
	}
}

// serveEcho starts a server whose refusals repeat the whole request.
func serveEcho(t *testing.T, encode func(string) string, envelope string) *server {
	t.Helper()
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		s.mu.Lock()
		body := s.requests[n-1].body
		s.mu.Unlock()
		var sent any
		_ = json.Unmarshal([]byte(body), &sent)
		text := encode(fmt.Sprintf("cannot take %v %s %v", sent, body, r.Header))
		switch envelope {
		case "json":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(400)
			_ = json.NewEncoder(w).Encode(map[string]any{"error_code": 40002, "message": text})
		case "text":
			http.Error(w, text, 400)
		default:
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(400)
			_, _ = fmt.Fprintf(w, "<html><body><h1>Bad</h1>%s</body></html>", text)
		}
	})
	return s
}

func checkNoLeak(t *testing.T, c *Client) {
	t.Helper()
	ctx := testContext(t)
	secrets := []Setting{
		{Name: "sasl.jaas.config", Value: jaasLine, Sensitive: true},
		{Name: "ssl.keystore.key", Value: pemKey, Sensitive: true},
		{Name: "ssl.key.password", Value: "hunt-er", Sensitive: true},
	}
	changes := make([]Change, len(secrets))
	for i, secret := range secrets {
		changes[i].Setting = secret
	}
	for call, err := range map[string]error{
		"create link":   c.CreateLink(ctx, NewLink{Name: "l", Configs: secrets}, false),
		"validate link": c.CreateLink(ctx, NewLink{Name: "l", Configs: secrets}, true),
		"alter link":    c.AlterLinkSettings(ctx, "l", changes, false),
		"create mirror": c.CreateMirror(ctx, "l", NewMirror{SourceTopicName: "t", Configs: secrets}),
		"alter topic":   c.AlterTopicSettings(ctx, "t", changes),
		"one by one":    c.alterOneByOne(ctx, "l", changes),
		"get":           func() error { _, err := c.Links(ctx); return err }(),
	} {
		for _, part := range planted {
			for form, encode := range encodings {
				if text := err.Error(); strings.Contains(text, strings.Trim(encode(part), `"`)) {
					t.Fatalf("%s: %q (%s) is in %s", call, part, form, text)
				}
			}
		}
		if !strings.Contains(strings.ToLower(err.Error()), "cannot") || !strings.Contains(err.Error(), redacted) {
			t.Errorf("%s: unreadable: %v", call, err)
		}
	}
}

// Everything that is in a message is redacted before it is cut to size.
func TestSecretAtTheCut(t *testing.T) {
	t.Parallel()
	for before := maxMessage - 30; before <= maxMessage; before++ {
		s := serve(t, replies(reply{status: 400, body: []byte(strings.Repeat("x", before) + " very-secret-password")}))
		err := newTestClient(t, s.URL, func(c *Config) { c.Token = "very-secret-password" }).DeleteLink(testContext(t), "l", false)
		if strings.Contains(err.Error(), "very") {
			t.Fatalf("%d: %v", before, err)
		}
	}
}

func TestOwnCredentialsInErrors(t *testing.T) {
	t.Parallel()
	pair := newAuthority(t).issue(t, "client")
	key := strings.Split(pair.key, "\n")[1]
	for name, change := range map[string]func(*Config){
		"token":        func(c *Config) { c.Token = "eyJhbGciOi.J9-x_y" },
		"password":     func(c *Config) { c.Username, c.Password = "me", "eyJhbGciOi.J9-x_y" },
		"basic header": func(c *Config) { c.Username, c.Password = "me", "ÿÿÿ>>>???" },
		"client key":   func(c *Config) { c.ClientCertificate, c.ClientKey = pair.certificate, pair.key },
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			w.WriteHeader(401)
			_, _ = fmt.Fprintf(w, "who is %s, %s, with %s?", r.Header.Get("Authorization"), "eyJhbGciOi.J9-x_y", key)
		})
		c := newTestClient(t, s.URL, change)
		text := c.DeleteLink(testContext(t), "l", false).Error()
		for _, secret := range []string{"eyJhbGciOi", key, "bWU6"} {
			owned := map[string]string{"token": "eyJhbGciOi", "password": "eyJhbGciOi", "client key": key, "basic header": "bWU6"}[name]
			if secret == owned && strings.Contains(text, secret) {
				t.Errorf("%s: %s", name, text)
			}
		}
		if !strings.Contains(text, "who is") {
			t.Errorf("%s: unreadable: %s", name, text)
		}
	}
}

// What a server says in a redirect, or instead of HTTP, is redacted too.
func TestSecretsInTransportErrors(t *testing.T) {
	t.Parallel()
	address, _ := serveRaw(t, func(conn net.Conn) { _, _ = conn.Write([]byte("HTTX own-pw-own-pw\r\n")) })
	c := newTestClient(t, "http://"+address, func(c *Config) { c.Username, c.Password = "me", "own-pw-own-pw" })
	err := c.DeleteLink(testContext(t), "l", false)
	if strings.Contains(err.Error(), "own-pw") || !strings.Contains(err.Error(), redacted) {
		t.Error(err)
	}
	s := serve(t, replies(reply{status: 302, header: http.Header{"Location": {"https://me:own-pw-own-pw@sso.example.com/"}}}))
	c = newTestClient(t, s.URL, func(c *Config) { c.Username, c.Password = "me", "own-pw-own-pw" })
	err = c.DeleteLink(testContext(t), "l", false)
	if strings.Contains(err.Error(), "own-pw") || !strings.Contains(err.Error(), "sso.example.com") {
		t.Error(err)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		secrets    []string
		text, want string
	}{
		{nil, "a text", "a text"},
		{[]string{""}, "a text", "a text"},
		// Values that many settings have are no secrets, whatever they are marked as,
		{[]string{"true", "PLAIN", "SASL_SSL", "https"}, `true PLAIN "SASL_SSL" https`, `true PLAIN "SASL_SSL" https`},
		{[]string{"5", "10"}, "5 retries, 10 links", "5 retries, 10 links"},
		// and short ones are no parts of words.
		{[]string{"link"}, "the link of linkage: link-1, =link;", "the (redacted) of linkage: (redacted)-1, =(redacted);"},
		{[]string{"abc"}, `abcd password="abc" abc, {"value":"abc"} xabc`, `abcd password="(redacted)" (redacted), {"value":"(redacted)"} xabc`},
		{[]string{"abc"}, `%22abc%22 "\u0022abc\u0022" \nabc`, `(redacted)%22 "(redacted)\u0022" (redacted)`},
		{[]string{"a/b"}, `a/b a\/b a%2Fb a&#47;b ca/bc`, `(redacted) (redacted) (redacted) (redacted) ca/bc`},
		{[]string{"-?-"}, "x-?-y", "x(redacted)y"},
		{[]string{"hunter22"}, "xhunter22x Hunter22", "x(redacted)x Hunter22"},
		// The longest goes first.
		{[]string{"password", "password-and-more"}, "password-and-more password", "(redacted) (redacted)"},
		{[]string{"two  words here"}, "two words here, two+words+here, two%20%20words%20here, two\nwords\there", "(redacted), (redacted), (redacted), (redacted)"},
		{[]string{"line one 1\nline two 2"}, "line two 2 and line one 1", "(redacted) and (redacted)"},
		{[]string{`x required clientId='me' clientSecret='it\'s mine';`}, `got it's mine and it\'s mine of 'me'`, `got (redacted) and (redacted) of 'me'`},
		{[]string{`x required password=unquoted1;`}, `got unquoted1`, `got (redacted)`},
		{[]string{`x required password="true";`}, `this is true`, `this is true`},
		{[]string{`-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIBAjAKBggqhkjO\nx=\n-----END CERTIFICATE-----`}, "BEGIN CERTIFICATE MIIBszCCAVmgAwIBAgIBAjAKBggqhkjO", "BEGIN CERTIFICATE (redacted)"},
		{[]string{`quote"at-the-end"`}, `"quote\"at-the-end\"" quote"at-the-end"`, `"(redacted)" (redacted)`},
	} {
		if got := newRedactor(test.secrets).redact(test.text); got != test.want {
			t.Errorf("%q without %q\ngot  %q\nwant %q", test.text, test.secrets, got, test.want)
		}
	}
}

// However much there is to hide, nothing is shown of it.
func TestRedactMuch(t *testing.T) {
	t.Parallel()
	var bundle strings.Builder
	for range 50 {
		bundle.WriteString(newAuthority(t).pem)
	}
	chunk := strings.Split(bundle.String(), "\n")[1]
	got := newRedactor([]string{bundle.String()}).redact(fmt.Sprintf("the value %q is bad, as is %s", bundle.String(), chunk))
	if strings.Contains(got, chunk[:20]) || !strings.HasPrefix(got, "the value") || !strings.HasSuffix(got, "is bad, as is (redacted)") {
		t.Errorf("%.200s", got)
	}
	secret := strings.Repeat("a-b/", 20_000)
	if got := newRedactor([]string{secret}).redact("the value " + secret + " is bad"); got != redacted {
		t.Errorf("%.200s", got)
	}
}
