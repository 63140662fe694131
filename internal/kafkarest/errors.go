package kafkarest

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
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

	err error
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: ", e.Method, e.Path)
	if e.Status != 0 {
		fmt.Fprintf(&b, "%d %s", e.Status, http.StatusText(e.Status))
		if e.Code != 0 && e.Code != e.Status {
			fmt.Fprintf(&b, " (error_code %d)", e.Code)
		}
		if e.Message != "" {
			b.WriteString(": ")
		}
	}
	b.WriteString(e.Message)
	return b.String()
}

func (e *Error) Unwrap() error { return e.err }

// Is matches the meanings above.
func (e *Error) Is(target error) bool {
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
	var e *Error
	return errors.As(err, &e) && e.Uncertain
}

// Code returns the server's error_code in err, or 0.
func Code(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// ServerWords returns what the server said in err, without the request it
// answered, or err's own text.
func ServerWords(err error) string {
	var e *Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return err.Error()
}

// ClusterChoiceError says that GET /clusters did not list exactly one cluster.
type ClusterChoiceError struct {
	Clusters []string
}

func (e *ClusterChoiceError) Error() string {
	if len(e.Clusters) == 0 {
		return "the endpoint lists no cluster; set cluster_id"
	}
	return "the endpoint lists several clusters; set cluster_id to one of: " + strings.Join(e.Clusters, ", ")
}

func newError(cl call, s *story, status int, header http.Header, body []byte, err error, secrets []string) *Error {
	e := &Error{Method: cl.method, Path: cl.path, Status: status, Uncertain: s.uncertain}
	if len(cl.query) > 0 {
		e.Path += "?" + cl.query.Encode()
	}
	switch {
	case s.parent.Err() != nil && status == 0:
		e.err, e.Message = s.parent.Err(), "gave up waiting for the reply: "+s.parent.Err().Error()
	case err != nil:
		e.err, e.Message = err, transportWords(err)
	case status >= 300 && status < 400:
		e.Message = "the server redirects to " + header.Get("Location") + ", which is not followed; correct rest_endpoint"
	default:
		e.Code, e.Message = parseErrorBody(body)
	}
	if s.attempt > 1 && e.Status != http.StatusNotFound {
		e.Message = strings.TrimSpace(fmt.Sprintf("%s (after %d attempts)", e.Message, s.attempt))
	}
	e.Message = redact(e.Message, secrets)
	return e
}

var (
	htmlNoise = regexp.MustCompile(`(?is)<(script|style|head)\b.*?</(script|style|head)>|<[^>]*>`)
	htmlTitle = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
)

// parseErrorBody reads {error_code, message}; gateways and throttles answer in
// HTML or plain text, of which a line is kept.
func parseErrorBody(body []byte) (code int, message string) {
	var reply struct {
		ErrorCode json.Number `json:"error_code"`
		Message   string      `json:"message"`
	}
	if json.Unmarshal(body, &reply) == nil && (reply.Message != "" || reply.ErrorCode != "") {
		n, _ := reply.ErrorCode.Int64()
		return int(n), reply.Message
	}
	text := string(body)
	if title := htmlTitle.FindStringSubmatch(text); title != nil {
		text = title[1]
	}
	text = html.UnescapeString(htmlNoise.ReplaceAllString(text, " "))
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "�")), " ")
	if runes := []rune(text); len(runes) > 500 {
		text = string(runes[:500]) + "…"
	}
	return 0, text
}
