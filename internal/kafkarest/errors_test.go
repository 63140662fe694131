package kafkarest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

var meanings = []error{ErrUnauthorized, ErrLinkRefused, ErrForbidden, ErrNotFound, ErrNotReady, ErrExists, ErrUnsupported}

func TestMeanings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reply reply
		want  error // nil: none of them
	}{
		{jsonReply(401, `{"error_code": 40101, "message": "Unauthorized"}`), ErrUnauthorized},
		{jsonReply(401, `{"error_code": 401, "message": "Unauthorized"}`), ErrUnauthorized},
		{htmlReply(401, `<html><title>Error 401 Unauthorized</title>`), ErrUnauthorized},
		{jsonReply(401, ``), ErrUnauthorized},
		{jsonReply(401, `{"error_code": 40101, "message": "Unable to validate cluster link due to error: authentication failed"}`), ErrLinkRefused},
		{jsonReply(401, `{"error_code": 40101, "message": "Cluster authorization failed."}`), ErrLinkRefused},
		{jsonReply(403, `{"error_code": 40301, "message": "Forbidden"}`), ErrForbidden},
		{jsonReply(403, `{"error_code": 403, "message": "Cluster link 'l' still has mirror topics"}`), ErrForbidden},
		{jsonReply(404, `{"error_code": 404, "message": "Cluster link 'l' does not exist"}`), ErrNotFound},
		{jsonReply(404, `{"error_code": 40403, "message": "This server does not host this topic-partition."}`), ErrNotFound},
		{jsonReply(404, `{"error_code": 404, "message": null}`), ErrNotFound},
		{jsonReply(404, `{"error_code": 404, "message": "Unable to resolve cluster link information"}`), ErrNotReady},
		{jsonReply(400, `{"error_code": 40002, "message": "The remote cluster does not have a link named l"}`), ErrNotReady},
		{jsonReply(400, `{"error_code": 40002, "message": "Topic 't' already exists."}`), ErrExists},
		{jsonReply(400, `{"error_code": 40002, "message": "Invalid value"}`), nil},
		{jsonReply(400, `{"error_code": 40035, "message": "Topic renaming for mirroring is not supported"}`), ErrUnsupported},
		{jsonReply(409, `{"error_code": 40902, "message": "Cluster link 'l' already exists"}`), ErrExists},
		{jsonReply(405, `{"error_code": 405, "message": "HTTP 405 Method Not Allowed"}`), ErrUnsupported},
		{jsonReply(405, ``), ErrUnsupported},
		{jsonReply(501, ``), ErrUnsupported},
		{throttled(), nil},
		{jsonReply(500, `{"error_code": 500, "message": "not found"}`), nil},
		{jsonReply(503, ``), nil},

		// The page of a gateway must not make an object look deleted; bare
		// words, or none, are what some servers say of an object.
		{htmlReply(404, `<html><head><title>404 Not Found</title></head><body>nginx</body></html>`), nil},
		{reply{status: 404, body: []byte("404 page not found\n")}, ErrNotFound},
		{reply{status: 404}, ErrNotFound},
		{jsonReply(404, `{"error": "not here"}`), ErrNotFound},
	} {
		s := serve(t, replies(test.reply))
		_, err := newTestClient(t, s.URL).Link(testContext(t), "l", false)
		if err == nil || !strings.HasPrefix(err.Error(), `get link "l": GET /clusters/lkc-1/links/l: `) {
			t.Fatal(err)
		}
		for _, meaning := range meanings {
			if errors.Is(err, meaning) != (meaning == test.want) {
				t.Errorf("%d %s: is %q: %v", test.reply.status, test.reply.body, meaning, errors.Is(err, meaning))
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		reply reply
		text  string
		words string
		code  int
	}{
		{
			jsonReply(403, `{"error_code": 40301, "message": "Not authorised: <b> & \"l\""}`),
			`403 Forbidden (error_code 40301): Not authorised: <b> & "l"`, `Not authorised: <b> & "l"`, 40301,
		},
		{jsonReply(404, `{"error_code": 404, "message": "HTTP 404 Not Found"}`), `404 Not Found: HTTP 404 Not Found`, "HTTP 404 Not Found", 404},
		{jsonReply(400, `{"error_code": "40002", "message": "two\nlines"}`), "400 Bad Request (error_code 40002): two\nlines", "two\nlines", 40002},
		{jsonReply(400, `{"error_code": 40002}`), "400 Bad Request (error_code 40002)", "", 40002},
		{jsonReply(400, `{"message": "m"}`), "400 Bad Request: m", "m", 0},
		{jsonReply(400, `{"error_code": 99999999999999999999, "message": "m"}`), "400 Bad Request (error_code 2147483647): m", "m", 2147483647},
		{jsonReply(400, `{"error_code": {}, "message": "m"}`), `400 Bad Request: {"error_code": {}, "message": "m"}`, `{"error_code": {}, "message": "m"}`, 0},
		{jsonReply(400, `{"errors": [{"detail": "d"}]}`), `400 Bad Request: {"errors": [{"detail": "d"}]}`, `{"errors": [{"detail": "d"}]}`, 0},
		{jsonReply(400, ``), "400 Bad Request", "", 0},
		{reply{status: 499}, "499", "", 0},
		{
			htmlReply(403, "<!doctype html><HTML><head><style>p {}</style></head><body><p>Access\n denied &amp; logged</p><script>x()</script></body></HTML>"),
			"403 Forbidden: Access denied & logged", "Access denied & logged", 0,
		},
		{htmlReply(413, "<title>\n413 Too\tlarge</title><body>nginx"), "413 Request Entity Too Large: 413 Too large", "413 Too large", 0},
		{
			htmlReply(404, `<title>404</title>`),
			"404 Not Found: 404 (no answer of this API; is rest_endpoint right?)", "404 (no answer of this API; is rest_endpoint right?)", 0,
		},
		{jsonReply(400, `{"message": "bell\u0007 and \u001b[31mred"}`), "400 Bad Request: bell and [31mred", "bell and [31mred", 0},
		{reply{status: 400, body: []byte("bad \xff utf-8")}, "400 Bad Request: bad \ufffd utf-8", "bad \ufffd utf-8", 0},
		{
			jsonReply(400, `{"message": "`+strings.Repeat("ü", 1001)+`"}`),
			"400 Bad Request: " + strings.Repeat("ü", 1000) + "…", strings.Repeat("ü", 1000) + "…", 0,
		},
		{reply{status: 400, body: []byte(strings.Repeat("x ", 100_000))}, "400 Bad Request: " + strings.Repeat("x ", 500) + "…", strings.Repeat("x ", 500) + "…", 0},
	} {
		s := serve(t, replies(test.reply))
		_, err := newTestClient(t, s.URL).Mirrors(testContext(t), "l", "ACTIVE")
		want := "list mirror topics of link \"l\": GET /clusters/lkc-1/links/l/mirrors?mirror_status=ACTIVE: " + test.text
		if err == nil || err.Error() != want {
			t.Errorf("%v\nwant %s", err, want)
		}
		if test.words == "" {
			test.words = want
		}
		if got := ServerWords(err); got != test.words {
			t.Errorf("words %q, want %q", got, test.words)
		}
		if got := Code(err); got != test.code {
			t.Errorf("code %d, want %d", got, test.code)
		}
	}
}

// Users know of no link "-".
func TestErrorsOfAllLinksSaySo(t *testing.T) {
	t.Parallel()
	s := serve(t, replies(jsonReply(400, `{}`)))
	_, err := newTestClient(t, s.URL).Mirrors(testContext(t), AnyLink, "")
	if err == nil || !strings.HasPrefix(err.Error(), "list mirror topics of all links: ") {
		t.Error(err)
	}
}

func TestOtherErrors(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("some: %w", context.Canceled)
	if IsUncertain(err) || IsUncertain(nil) || Code(err) != 0 || Code(nil) != 0 || ServerWords(err) != "some: context canceled" {
		t.Error("an error of another kind is taken for one of the server")
	}
	// As others make them, in tests of theirs.
	if !errors.Is(&Error{Status: 404}, ErrNotFound) || errors.Is(&Error{}, ErrNotFound) {
		t.Error("a plain Error is misjudged")
	}
}

func TestHealthyAndRefused(t *testing.T) {
	t.Parallel()
	for link, want := range map[*Link]bool{
		{}: true, {Error: "NO_ERROR", State: "PAUSED"}: true, {Error: "TIMEOUT_ERROR", State: "ACTIVE"}: false, {Error: "NEW"}: false,
	} {
		if link.Healthy() != want {
			t.Errorf("%+v", link)
		}
	}
	if (Verdict{}).Refused() || (Verdict{ErrorCode: ptr(0)}).Refused() || !(Verdict{ErrorCode: ptr(40002)}).Refused() {
		t.Error("a verdict is misread")
	}
}
