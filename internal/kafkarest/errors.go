package kafkarest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What a refusal means, for errors.Is. An *Error matches at most one of them.
var (
	ErrUnauthorized = errors.New("the REST credential was refused")
	ErrLinkRefused  = errors.New("the link's own credential was refused by the remote cluster, or it lacks rights there")
	ErrForbidden    = errors.New("not authorised")
	ErrNotFound     = errors.New("not found")
	ErrNotReady     = errors.New("not visible yet")
	ErrExists       = errors.New("exists already")
	ErrUnsupported  = errors.New("not supported by this server")
)

// CodeUnknownTopic is the error_code of a POST of a mirror topic whose source
// topic does not exist: there is no use in trying it again.
const CodeUnknownTopic = 40403

// codeNotSupported comes with status 400: this server does not do that.
const codeNotSupported = 40035

// Error is a call that did not succeed: the server refused it, or did not
// answer in a way that can be understood.
type Error struct {
	Method string
	Path   string // below the base URL, with its query
	Status int    // HTTP status; 0: no reply
	Code   int    // the server's error_code; 0: none
	// Message has the server's own words, or what went wrong on the way,
	// in plain text and without any secret of the request.
	Message string
	// Uncertain: this attempt or an earlier one may have been carried out
	// though no reply says so. Look before calling a write a failure.
	Uncertain bool
	Attempts  int // how often it was tried

	err        error // what Unwrap returns
	foreign    bool  // the refusal is a page, as gateways send
	again      bool  // another attempt may succeed
	retryAfter time.Duration
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.Path)
	if e.Status != 0 {
		b.WriteString(strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))))
		if e.Code != 0 && e.Code != e.Status {
			fmt.Fprintf(&b, " (error_code %d)", e.Code)
		}
		if e.Message != "" {
			b.WriteString(": ")
		}
	}
	b.WriteString(e.Message)
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (after %d attempts)", e.Attempts)
	}
	return b.String()
}

// Unwrap returns the error of the caller's context where the call ended with
// it, and that of the network where there was no reply.
func (e *Error) Unwrap() error { return e.err }

// Is matches the meanings above.
func (e *Error) Is(target error) bool {
	if e.foreign && e.Status == http.StatusNotFound {
		// A gateway knows nothing of the object: taking its word would make
		// everything look deleted. Some servers say a bare 404, though.
		return false
	}
	meaning := meaning(e.Status, e.Code, e.Message)
	return meaning != nil && meaning == target
}

// meaning classifies a refusal by status and code, and by text only where the
// API leaves no other way.
func meaning(status, code int, message string) error {
	text := strings.ToLower(message)
	has := func(words string) bool { return strings.Contains(text, words) }
	switch {
	case has("unable to resolve cluster link information"), has("does not have a link named"):
		return ErrNotReady
	case status == http.StatusUnauthorized && (has("unable to validate cluster link") || has("cluster authorization failed")):
		return ErrLinkRefused
	case status == http.StatusUnauthorized:
		return ErrUnauthorized
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusConflict, status == http.StatusBadRequest && has("already exists"):
		return ErrExists
	case status == http.StatusMethodNotAllowed, status == http.StatusNotImplemented, code == codeNotSupported:
		return ErrUnsupported
	default:
		return nil
	}
}

// IsUncertain reports whether the write that failed with err may have been
// carried out all the same.
func IsUncertain(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Uncertain
}

// IsUnanswered reports whether err is a call to which no reply came: the server
// could not be reached or trusted, or broke the connection.
func IsUnanswered(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == 0
}

// Code returns the server's error_code in err, or 0.
func Code(err error) int {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// ServerWords returns what the server said in err, without the request it
// answered, or err's own text.
func ServerWords(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Message != "" {
		return e.Message
	}
	return err.Error()
}

// newError says why an attempt did not succeed, and what that means. sent:
// its request may have left.
func (c *Client) newError(ctx context.Context, cl call, r reply, sent bool) *Error {
	e := &Error{Method: cl.method, Path: cl.target(), Status: r.status}
	carriedOut := false
	switch {
	case r.err == nil:
		e.readRefusal(r, func(text string) string { return c.hide(cl, text) })
		carriedOut = serverTrouble(r.status) || serverTrouble(e.Code/100)
	case ctx.Err() != nil:
		e.Status, e.err = 0, ctx.Err()
		e.Message = "gave up waiting for the reply: " + ctx.Err().Error()
		carriedOut = sent
	case r.cutOff:
		e.Message = "the reply was cut off: " + r.err.Error()
		e.again = !cl.changes() // A reply can be had again, but a write has been carried out.
		carriedOut = true
	case r.status != 0:
		e.Message = "unexpected reply: " + r.err.Error()
		carriedOut = true
	default:
		words, lasting := describe(r.err)
		e.Message, e.err, e.again = words, r.err, !lasting
		carriedOut = sent && !lasting
	}
	e.Uncertain = carriedOut && cl.changes()
	e.Message = tidy(c.hide(cl, e.Message))
	return e
}

// hide removes the secrets of the call and of the endpoint from a text.
func (c *Client) hide(cl call, text string) string {
	return newRedactor(cl.secrets).redact(c.secrets.redact(text))
}

// readRefusal takes from a reply what the server, or whatever stands before
// it, says against the call.
func (e *Error) readRefusal(r reply, hide func(string) string) {
	if location := r.header.Get("Location"); location != "" && r.status >= 300 && r.status <= 399 {
		e.Message = "the server redirects to " + location + ", which is not followed; correct rest_endpoint"
		return
	}
	var ours bool
	if e.Code, e.Message, ours = parseErrorBody(r.body); !ours {
		e.foreign = isHTML(r.header) || bytes.ContainsRune(r.body, '<')
		e.Message = plainText(hide(string(r.body)))
		if r.status == http.StatusNotFound {
			e.Message = strings.TrimSpace(e.Message + " (no answer of this API; is rest_endpoint right?)")
		}
	}
	e.again, e.retryAfter = worthRetrying(r.status, e.Code), retryAfter(r.header)
}

// parseErrorBody reads {error_code, message}; ours is false where the body is
// something else.
func parseErrorBody(body []byte) (code int, message string, ours bool) {
	var reply struct {
		ErrorCode json.Number `json:"error_code"`
		Message   string      `json:"message"`
	}
	if json.Unmarshal(body, &reply) != nil || reply.Message == "" && reply.ErrorCode == "" {
		return 0, "", false
	}
	n, _ := strconv.ParseInt(string(reply.ErrorCode), 10, 32)
	return int(n), reply.Message, true
}

var (
	htmlNoise = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>|<[^>]*>`)
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
)

// plainText makes a line of what gateways and throttles answer: the title of a
// page of HTML, or the text of it.
func plainText(text string) string {
	if title := htmlTitle.FindStringSubmatch(text); title != nil {
		text = title[1]
	}
	text = html.UnescapeString(htmlNoise.ReplaceAllString(text, " "))
	return strings.Join(strings.Fields(text), " ")
}

// maxMessage is how many characters of a server's words are kept.
const maxMessage = 1000

// tidy makes a text fit to be shown: of bounded length and without characters
// that a terminal would act on.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	if runes := []rune(text); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "…"
	}
	return text
}
