package emulator

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const maxBody = 8 << 20 // bytes

// call is one REST call, as its handler sees it.
type call struct {
	*http.Request
	body []byte
}

// answer is what a handler returns: a status, and a body to be encoded as JSON, if any.
type answer struct {
	status int
	body   any
}

// handler carries out a REST call.
type handler func(*call) (answer, error)

// Exchange is a REST call and the answer to it.
type Exchange struct {
	Request     *http.Request // has been read
	RequestBody []byte
	BasePath    string // of the cluster, with which the path begins
	Status      int    // 0: an injected fault answers, or nobody
	Header      http.Header
	Body        []byte
}

// routes says which calls are offered.
func (c *Cluster) routes() *http.ServeMux {
	mux := http.NewServeMux()
	cluster := c.cfg.BasePath + "/clusters/{cluster}"
	links, link := cluster+"/links", cluster+"/links/{link}"
	topics, topic := cluster+"/topics", cluster+"/topics/{topic}"
	for pattern, h := range map[string]handler{
		"GET " + c.cfg.BasePath + "/clusters": c.listClusters,
		"GET " + cluster:                      c.getCluster,
		"GET " + links:                        c.listLinks,
		"POST " + links:                       c.createLink,
		"GET " + link:                         c.getLink,
		"DELETE " + link:                      c.deleteLink,
		"GET " + link + "/configs":            c.listLinkConfigs,
		"GET " + link + "/configs/{name}":     c.getLinkConfig,
		"PUT " + link + "/configs/{name}":     c.putLinkConfig,
		"DELETE " + link + "/configs/{name}":  c.deleteLinkConfig,
		"PUT " + link + "/configs:alter":      c.alterLinkConfigs,
		"GET " + links + "/-/mirrors":         c.listAllMirrors,
		"GET " + link + "/mirrors":            c.listMirrors,
		"POST " + link + "/mirrors":           c.createMirror,
		"GET " + link + "/mirrors/{mirror}":   c.getMirror,
		"GET " + topics:                       c.settled(c.listTopics),
		"POST " + topics:                      c.settled(c.createTopic),
		"GET " + topic:                        c.settled(c.getTopic),
		"DELETE " + topic:                     c.settled(c.deleteTopic),
		"GET " + topic + "/configs":           c.settled(c.listTopicConfigs),
		"POST " + topic + "/configs:alter":    c.settled(c.alterTopicConfigs),
	} {
		mux.Handle(pattern, c.adapt(h))
	}
	for _, verb := range verbs {
		mux.Handle("POST "+link+"/mirrors:"+verb, c.adapt(c.alterMirrors(verb)))
	}
	return mux
}

// settled lets a call wait while a topic is being truncated.
func (c *Cluster) settled(h handler) handler {
	return func(r *call) (answer, error) {
		c.rewriting.RLock()
		defer c.rewriting.RUnlock()
		return h(r)
	}
}

// adapt makes a handler one of net/http's, which checks the cluster id in the path.
func (c *Cluster) adapt(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(*reply).routed = true
		if id := r.PathValue("cluster"); id != "" && id != c.ID() {
			writeError(w, &apiError{http.StatusNotFound, http.StatusNotFound, "Cluster " + id + " cannot be found."})
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			writeError(w, err)
			return
		}
		a, err := h(&call{r, body})
		switch {
		case err != nil:
			writeError(w, err)
		case a.body == nil:
			w.WriteHeader(a.status)
		default:
			writeJSON(w, a.status, a.body)
		}
	})
}

// serve lets faults strike, carries the call out, records it and answers, in this order: a recording is
// complete before the client can know of the call's end.
func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	if !c.enter() {
		panic(http.ErrAbortHandler)
	}
	defer c.wg.Done()
	c.inFlight.Add(1)
	defer c.inFlight.Add(-1)
	started := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault := c.faults.next(r)
	c.sleep(r.Context(), time.Duration(c.latency.Load())+fault.Hang)

	out := &reply{header: make(http.Header)}
	switch {
	case fault.Drop == DropBefore:
	case fault.Status != 0:
		fault.answer(out, r, body)
	default:
		c.carryOut(out, r, err)
	}
	c.observe(r, body, fault, out)
	dropped := fault.Drop != NoDrop
	status := out.status
	if dropped {
		status = 0
	}
	c.records.add(r, body, status, started)
	if dropped {
		panic(http.ErrAbortHandler)
	}
	for name, values := range fault.Header {
		out.header[http.CanonicalHeaderKey(name)] = values
	}
	out.send(w, fault.TruncateBody)
}

// observe shows a call to whom the configuration names.
func (c *Cluster) observe(r *http.Request, body []byte, fault Fault, out *reply) {
	if c.cfg.Observe == nil {
		return
	}
	e := Exchange{Request: r, RequestBody: body, BasePath: c.cfg.BasePath}
	if fault.Status == 0 {
		e.Status, e.Header, e.Body = out.status, out.header, out.body.Bytes()
	}
	c.cfg.Observe(e)
}

// carryOut does what the caller asks for, if it may. What no handler was found for is answered as the real
// server does, with an error in JSON.
func (c *Cluster) carryOut(w *reply, r *http.Request, readError error) {
	var tooLarge *http.MaxBytesError
	switch {
	case !c.authenticated(r):
		writeError(w, &apiError{http.StatusUnauthorized, codeAuthentication, "Authentication failed"})
	case errors.As(readError, &tooLarge):
		writeError(w, httpError(http.StatusRequestEntityTooLarge))
	case readError != nil:
		writeError(w, malformed("The request could not be read."))
	default:
		c.mux.ServeHTTP(w, r)
		if !w.routed && w.status >= http.StatusBadRequest {
			w.body.Reset()
			writeError(w, httpError(w.status))
		}
	}
}

// authenticated checks Basic and Bearer credentials.
func (c *Cluster) authenticated(r *http.Request) bool {
	if len(c.cfg.Users) == 0 && len(c.cfg.Tokens) == 0 {
		return true
	}
	if user, password, ok := r.BasicAuth(); ok {
		expected, known := c.cfg.Users[user]
		return known && subtle.ConstantTimeCompare([]byte(password), []byte(expected)) == 1
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && slices.Contains(c.cfg.Tokens, token)
}

// reply holds an answer until it is sent.
type reply struct {
	header http.Header
	status int
	body   bytes.Buffer
	routed bool // a handler was found
}

func (w *reply) Header() http.Header         { return w.header }
func (w *reply) WriteHeader(status int)      { w.status = status }
func (w *reply) Write(p []byte) (int, error) { return w.body.Write(p) }

// send passes the answer on, or half of it.
func (w *reply) send(to http.ResponseWriter, truncate bool) {
	for name, values := range w.header {
		to.Header()[name] = values
	}
	if w.status != http.StatusNoContent {
		to.Header().Set("Content-Length", strconv.Itoa(w.body.Len()))
	}
	to.WriteHeader(w.status)
	if !truncate {
		_, _ = to.Write(w.body.Bytes())
		return
	}
	_, _ = to.Write(w.body.Bytes()[:w.body.Len()/2])
	_ = http.NewResponseController(to).Flush()
	panic(http.ErrAbortHandler)
}

// decode reads a JSON body; an empty one leaves v as it is.
func (r *call) decode(v any) error {
	if len(bytes.TrimSpace(r.body)) == 0 {
		return nil
	}
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return httpError(http.StatusUnsupportedMediaType)
	}
	if err := json.Unmarshal(r.body, v); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return malformed("Cannot deserialize value of field %s from %s", kind.Field, kind.Value)
		}
		return malformed("The request body is not valid JSON.")
	}
	return nil
}

// flag reads a boolean query parameter.
func (r *call) flag(name string, byDefault bool) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return byDefault, nil
	}
	value, err := strconv.ParseBool(strings.ToLower(text))
	if err != nil {
		return false, malformed("Query parameter %s must be true or false.", name)
	}
	return value, nil
}

// metadata is part of every resource and list.
type metadata struct {
	Self         string          `json:"self"`
	ResourceName json.RawMessage `json:"resource_name,omitempty"` // null on Confluent Cloud, absent on older servers
}

// metadata is that of something under this cluster.
func (c *Cluster) metadata(segments ...string) metadata {
	m := metadata{Self: c.url(segments...)}
	if c.cfg.Dialect == ConfluentCloud {
		m.ResourceName = json.RawMessage("null")
	}
	return m
}

type listMetadata struct {
	Self string  `json:"self"`
	Next *string `json:"next"`
}

type list[T any] struct {
	Kind     string       `json:"kind"`
	Metadata listMetadata `json:"metadata"`
	Data     []T          `json:"data"`
}

// url is the address of something under this cluster.
func (c *Cluster) url(segments ...string) string {
	var b strings.Builder
	b.WriteString(c.endpoint + c.cfg.BasePath + "/clusters/" + c.ID())
	for _, segment := range segments {
		b.WriteString("/" + url.PathEscape(segment))
	}
	return b.String()
}

// page answers with a list, or with the part of it that page_token asks for.
func page[T any](c *Cluster, r *call, kind, self string, data []T) (answer, error) {
	result := list[T]{Kind: kind, Metadata: listMetadata{Self: self}, Data: data}
	if data == nil {
		result.Data = []T{}
	}
	query := r.URL.Query()
	start, _ := strconv.Atoi(query.Get("page_token"))
	start = min(max(start, 0), len(data))
	if size := int(c.pageSize.Load()); size > 0 && start+size < len(data) {
		query.Set("page_token", strconv.Itoa(start+size))
		next := self + "?" + query.Encode()
		result.Metadata.Next = &next
		result.Data = data[start : start+size]
	} else if start > 0 {
		result.Data = data[start:]
	}
	return answer{http.StatusOK, result}, nil
}
