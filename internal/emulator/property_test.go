package emulator_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// Few cases, each of them long: a case has clusters of its own. More with -rapid.checks and -rapid.steps.
func init() {
	for name, value := range map[string]string{"rapid.checks": "4", "rapid.steps": "50", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
}

// TestAnySequenceOfCalls makes calls in any order, with outages in between, and checks after each of them what must
// always hold, and in the end that everything comes to rest with no record lost or doubled.
func TestAnySequenceOfCalls(t *testing.T) {
	t.Parallel()
	for part := range 2 {
		t.Run(fmt.Sprint("part ", part), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				w := newWorld(t)
				t.Repeat(map[string]func(*rapid.T){
					"":              w.check,
					"create link":   w.createLink,
					"alter link":    w.alterLink,
					"create mirror": w.createMirror, "create another mirror": w.createMirror,
					"verb": w.verb, "verb again": w.verb, "and again": w.verb, "yet another": w.verb,
					"create topic": w.createTopic,
					"produce":      w.produce,
					"outage":       w.outage,
					"destroy":      w.destroy,
					"rest":         w.comeToRest,
				})
				w.comeToRest(t)
			})
		})
	}
}

// world is two clusters with up to two links: "one", from east to west, and "both", which is bidirectional. Topics and
// their mirrors have two names.
type world struct {
	sides   []*place
	sources map[topicAt][16]byte // of each mirror: the id of the topic that it follows
	stopped map[mirrorName]bool  // mirrors that were seen stopped, and must stay so
}

// place is a cluster of the world.
type place struct {
	side
	remote *place
	down   bool
}

// GoString is what a failure's log calls the place.
func (p *place) GoString() string { return p.ID() }

type topicAt struct{ cluster, topic string }

type mirrorName struct{ cluster, link, topic string }

var topicNames = []string{"orders", "parcels"}

func newWorld(t *rapid.T) *world {
	w := &world{sources: make(map[topicAt][16]byte), stopped: make(map[mirrorName]bool)}
	for _, id := range []string{"lkc-east", "lkc-west"} {
		p := &place{}
		p.Cluster, p.rest = plainCluster(t, id, emulator.ConfluentCloud)
		w.sides = append(w.sides, p)
	}
	east, west := w.sides[0], w.sides[1]
	east.remote, west.remote = west, east
	// Most of what is interesting needs mirrors, so there are two to begin with.
	for _, p := range w.sides {
		p.want(204, "POST", "/links?link_name=both", p.linkBody("both"))
	}
	for i, topic := range topicNames {
		source := w.sides[i]
		if err := source.CreateTopic(topic, 2); err != nil {
			t.Fatal(err)
		}
		source.remote.want(204, "POST", "/links/both/mirrors", object{"source_topic_name": topic})
		w.follows(t, source.remote, topic)
	}
	return w
}

func (p *place) linkBody(link string) object {
	more := map[string]string{}
	if link == "both" {
		more["link.mode"] = "BIDIRECTIONAL"
	}
	return object{"remote_cluster_id": p.remote.ID(), "configs": settings(reach(p.remote.Cluster, more))}
}

// allowed are the statuses and codes with which calls may be refused: never with an error of the server's own.
var allowed = map[int][]int{400: {40002}, 403: {40301}, 404: {404, 40403}, 409: {40902}, 500: {50003}}

// attempt makes a call that may be refused, and tells whether it was accepted.
func (p *place) attempt(method, path string, body any) (object, bool) {
	status, answer := p.call(method, path, body)
	if status < 300 {
		return answer, true
	}
	code, _ := answer["error_code"].(float64)
	if !slices.Contains(allowed[status], int(code)) {
		p.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer, false
}

func (w *world) side(t *rapid.T) *place { return rapid.SampledFrom(w.sides).Draw(t, "side") }

// mostly is true in most cases, so that sequences come far, and false in some.
func mostly(t *rapid.T) bool { return rapid.IntRange(0, 7).Draw(t, "mostly") > 0 }

func topicName(t *rapid.T) string { return rapid.SampledFrom(topicNames).Draw(t, "topic") }

// linkOf draws a place and one of the links that it can have.
func (w *world) linkOf(t *rapid.T) (*place, string) {
	p := w.side(t)
	if p == w.sides[1] && rapid.IntRange(0, 3).Draw(t, "the link one") == 0 {
		return p, "one"
	}
	return p, "both"
}

// validating draws whether to validate only. What such a call did to the world is checked afterwards.
func (w *world) validating(t *rapid.T) (query string, done func()) {
	if mostly(t) {
		return "validate_only=false", func() {}
	}
	before := w.snapshot()
	return "validate_only=true", func() {
		t.Helper()
		if after := w.snapshot(); !before.same(after) {
			t.Fatalf("validate_only changed\n%v\nto\n%v", before, after)
		}
	}
}

func (w *world) createLink(t *rapid.T) {
	p, link := w.linkOf(t)
	query, done := w.validating(t)
	p.attempt("POST", fmt.Sprintf("/links?link_name=%s&validate_link=%t&%s", link, rapid.Bool().Draw(t, "validate link"), query), p.linkBody(link))
	done()
}

// destroy is what most sequences are better off without.
func (w *world) destroy(t *rapid.T) {
	if rapid.Bool().Draw(t, "a link") {
		w.deleteLink(t)
	} else {
		w.deleteTopic(t)
	}
}

func (w *world) deleteLink(t *rapid.T) {
	p, link := w.linkOf(t)
	query, done := w.validating(t)
	_, accepted := p.attempt("DELETE", fmt.Sprintf("/links/%s?force=%t&%s", link, rapid.Bool().Draw(t, "force"), query), nil)
	done()
	if accepted && query == "validate_only=false" {
		for _, topic := range topicNames {
			delete(w.stopped, mirrorName{p.ID(), link, topic})
		}
	}
}

func (w *world) alterLink(t *rapid.T) {
	p, link := w.linkOf(t)
	query, done := w.validating(t)
	setting := rapid.SampledFrom([]object{
		{"name": "cluster.link.paused", "value": "true"}, {"name": "cluster.link.paused", "operation": "DELETE"},
		{"name": "bootstrap.servers", "value": "localhost:1"}, {"name": "acl.sync.ms", "value": "2000"}, {"name": "acl.sync.ms", "value": "never"},
	}).Draw(t, "setting")
	p.attempt("PUT", "/links/"+link+"/configs:alter?"+query, object{"data": []object{setting}})
	done()
}

// createMirror mirrors a topic, most often one that can be.
func (w *world) createMirror(t *rapid.T) {
	p, link := w.linkOf(t)
	missing := slices.DeleteFunc(slices.Clone(topicNames), p.has)
	topic := topicName(t)
	if len(missing) > 0 && mostly(t) {
		topic = rapid.SampledFrom(missing).Draw(t, "missing topic")
	}
	if _, accepted := p.attempt("POST", "/links/"+link+"/mirrors", object{"source_topic_name": topic}); accepted {
		w.follows(t, p, topic)
	}
}

// follows notes that a topic follows the other cluster's of that name from now on.
func (w *world) follows(t *rapid.T, p *place, topic string) {
	id, err := p.remote.Broker().TopicID(testContext(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	w.sources[topicAt{p.ID(), topic}] = id
	for _, link := range []string{"one", "both"} {
		delete(w.stopped, mirrorName{p.ID(), link, topic})
	}
}

// verb asks for some verb on some topic, most often one for which it makes sense.
func (w *world) verb(t *rapid.T) {
	p, link := w.linkOf(t)
	topic := topicName(t)
	verb := rapid.SampledFrom([]string{
		"promote", "failover", "pause", "resume", "reverse-and-start-mirror", "reverse-and-pause-mirror", "truncate-and-restore",
	}).Draw(t, "verb")
	holds := func(p *place) bool {
		status := fmt.Sprint(p.mirrors()[topic]["mirror_status"])
		return status != "<nil>" && (status == "STOPPED") == (verb == "truncate-and-restore")
	}
	if holder := slices.IndexFunc(w.sides, holds); holder >= 0 && mostly(t) {
		p = w.sides[holder]
		link = fmt.Sprint(p.mirrors()[topic]["link_name"])
		if verb == "truncate-and-restore" {
			p = p.remote
		}
	}
	query, done := w.validating(t)
	answer, accepted := p.attempt("POST", "/links/"+link+"/mirrors:"+verb+"?"+query, object{"mirror_topic_names": []string{topic}})
	done()
	if !accepted || query == "validate_only=true" || rows(answer, "mirror_topic_name")[topic]["error_code"] != nil {
		return
	}
	switch verb {
	case "reverse-and-start-mirror", "reverse-and-pause-mirror":
		w.follows(t, p.remote, topic)
	case "truncate-and-restore":
		w.follows(t, p, topic)
	}
}

func (w *world) createTopic(t *rapid.T) {
	w.side(t).attempt("POST", "/topics", object{"topic_name": topicName(t), "partitions_count": 2})
}

func (w *world) deleteTopic(t *rapid.T) {
	p, topic := w.side(t), topicName(t)
	if _, accepted := p.attempt("DELETE", "/topics/"+topic, nil); accepted {
		for _, link := range []string{"one", "both"} {
			delete(w.stopped, mirrorName{p.ID(), link, topic})
		}
	}
}

// produce writes some records to a topic where nothing forbids that.
func (w *world) produce(t *rapid.T) {
	p, topic := w.side(t), topicName(t)
	mirror := p.mirrors()[topic]
	if p.down || !p.has(topic) || mirror != nil && mirror["mirror_status"] != "STOPPED" {
		t.Skip("nowhere to write to")
	}
	values := make([]string, rapid.IntRange(1, 20).Draw(t, "records"))
	for i := range values {
		values[i] = p.unique()
	}
	if err := p.Produce(testContext(t), topic, values...); err != nil {
		t.Fatalf("%s on %s: %v", topic, p.ID(), err)
	}
}

// outage takes a cluster away from Kafka clients and links, or brings it back.
func (w *world) outage(t *rapid.T) {
	w.side(t).toggle(t)
}

func (p *place) toggle(t *rapid.T) {
	if p.down = !p.down; p.down {
		p.Broker().Outage()
	} else if err := p.Broker().Restore(); err != nil {
		t.Fatal(err)
	}
}
