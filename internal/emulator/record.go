package emulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// redacted stands where a secret was.
const redacted = "(redacted)"

// Request is the recording of one REST call.
type Request struct {
	Method, Path, RawQuery string
	Body                   string // the values of secret settings are replaced
	Header                 http.Header
	Status                 int // 0: the connection was cut
	At                     time.Time
	Duration               time.Duration
}

// recorder keeps the recordings, in the order in which calls were done.
type recorder struct {
	mu       sync.Mutex
	requests []Request
}

// Requests returns the REST calls since the start, or since ResetRequests.
func (c *Cluster) Requests() []Request {
	c.records.mu.Lock()
	defer c.records.mu.Unlock()
	return slices.Clone(c.records.requests)
}

// ResetRequests forgets the recordings.
func (c *Cluster) ResetRequests() {
	c.records.mu.Lock()
	defer c.records.mu.Unlock()
	c.records.requests = nil
}

func (r *recorder) add(request *http.Request, body []byte, status int, started time.Time) {
	header := request.Header.Clone()
	header.Del("Authorization")
	recording := Request{
		Method: request.Method, Path: request.URL.Path, RawQuery: request.URL.RawQuery,
		Body: redactBody(request.URL.Path, body), Header: header,
		Status: status, At: started, Duration: time.Since(started),
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, recording)
}

// redactBody replaces the values of secret settings, wherever an object has a name and a value. A body that is
// no JSON is not kept, since nothing can be told of it.
func redactBody(path string, body []byte) string {
	if len(body) == 0 {
		return ""
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil || decoder.More() {
		return redacted
	}
	hidden := redact(document)
	if _, setting, ok := strings.Cut(path, "/configs/"); ok && isSecret(setting) {
		document, hidden = map[string]any{"value": redacted}, true
	}
	if !hidden {
		return string(body)
	}
	encoded, err := json.Marshal(document)
	if err != nil {
		return redacted
	}
	return string(encoded)
}

// redact works on a decoded document, and tells whether there was anything to hide.
func redact(document any) (hidden bool) {
	switch node := document.(type) {
	case []any:
		for _, element := range node {
			hidden = redact(element) || hidden
		}
	case map[string]any:
		if name, ok := node["name"].(string); ok && node["value"] != nil && isSecret(name) {
			node["value"], hidden = redacted, true
		}
		for _, element := range node {
			hidden = redact(element) || hidden
		}
	}
	return hidden
}
