package emulator

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Drop says when a fault cuts the connection.
type Drop int

// The moments at which a connection can be cut: before or after the request was carried out.
const (
	NoDrop Drop = iota
	DropBefore
	DropAfter
)

// Fault makes REST calls go wrong that match Method and Path. The first fault that matches and is due wins.
type Fault struct {
	Method       string        // empty: any
	Path         string        // regular expression on the path; empty: any
	Status       int           // answered instead of carrying the request out; 0: carry it out
	Body         string        // with Status; empty: what such a server would say, HTML for 429 and gateways
	Echo         bool          // with Status: say what was sent, secrets included, as careless servers do
	Header       http.Header   // added to the answer, with or without Status
	After        int           // let so many matching calls pass first
	Count        int           // go wrong so many times; 0: for ever
	Probability  float64       // of going wrong, for each matching call; 0: certain
	Drop         Drop          // cut the connection instead of answering
	TruncateBody bool          // promise the whole answer, send half of it, cut the connection
	Hang         time.Duration // wait so long before anything else
}

// faults is the set of injected faults.
type faults struct {
	mu   sync.Mutex
	list []*injected
}

type injected struct {
	Fault
	path          *regexp.Regexp
	passed, fired int
}

// Inject adds a fault. It panics on a malformed Path, since only test code writes these.
func (c *Cluster) Inject(f Fault) {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.list = append(c.faults.list, &injected{Fault: f, path: regexp.MustCompile(f.Path)})
}

// ClearFaults removes all faults.
func (c *Cluster) ClearFaults() {
	c.faults.mu.Lock()
	defer c.faults.mu.Unlock()
	c.faults.list = nil
}

// next returns the fault that strikes this call, the zero Fault when none does.
func (f *faults) next(r *http.Request) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.list {
		if fault.Method != "" && fault.Method != r.Method || !fault.path.MatchString(r.URL.Path) {
			continue
		}
		if fault.passed < fault.After {
			fault.passed++
			continue
		}
		if fault.Probability > 0 && rand.Float64() >= fault.Probability {
			continue
		}
		fault.fired++
		if fault.fired == fault.Count {
			f.list = slices.Delete(f.list, i, i+1)
		}
		return fault.Fault
	}
	return Fault{}
}

// answer writes what a fault says instead of the real answer to a request.
func (f Fault) answer(w http.ResponseWriter, r *http.Request, sent []byte) {
	body, contentType := f.Body, "application/json"
	switch {
	case f.Echo:
		writeError(w, &apiError{f.Status, f.Status, fmt.Sprintf("Cannot handle %s %v %s", r.Method, r.Header, sent)})
		return
	case body != "":
		if body[0] == '<' {
			contentType = "text/html;charset=utf-8"
		}
	case f.Status == http.StatusTooManyRequests || f.Status >= http.StatusBadGateway && f.Status <= http.StatusGatewayTimeout:
		text := fmt.Sprintf("%d %s", f.Status, http.StatusText(f.Status))
		body, contentType = "<html><head><title>"+text+"</title></head><body><h2>HTTP ERROR "+text+"</h2></body></html>", "text/html;charset=utf-8"
	default:
		writeError(w, httpError(f.Status))
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(body))
}
