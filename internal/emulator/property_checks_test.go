package emulator_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"
)

// check is what must hold after every call.
func (w *world) check(t *rapid.T) {
	t.Helper()
	for _, p := range w.sides {
		w.checkLists(t, p)
		w.checkStopped(t, p)
	}
	if slices.ContainsFunc(w.sides, func(p *place) bool { return p.down }) {
		return // records cannot be read
	}
	for _, p := range w.sides {
		for _, topic := range topicNames {
			w.checkPrefix(t, p, topic)
			p.checkWritable(t, topic)
		}
	}
}

// mirrors returns the mirror topics of all links, by name.
func (p *place) mirrors() map[string]object {
	return rows(p.want(200, "GET", "/links/-/mirrors", nil), "mirror_topic_name")
}

func (p *place) links() map[string]object {
	return rows(p.want(200, "GET", "/links", nil), "link_name")
}

func (p *place) has(topic string) bool {
	return rows(p.want(200, "GET", "/topics", nil), "topic_name")[topic] != nil
}

var counter atomic.Int64

// unique is a value that no other record has.
func (p *place) unique() string { return fmt.Sprint(p.ID(), "-", counter.Add(1)) }

// checkLists compares what the lists say with what single objects say, and looks for mirrors without a link. What
// changes by itself in between is looked at again.
func (w *world) checkLists(t *rapid.T, p *place) {
	t.Helper()
	var complaint string
	defer func() {
		if t.Failed() && complaint != "" {
			t.Logf("%s: %s", p.ID(), complaint)
		}
	}()
	eventually(t, "lists that agree", func() bool {
		complaint = p.disagreement()
		return complaint == ""
	})
}

func (p *place) disagreement() string {
	all, links := p.mirrors(), p.links()
	for name, m := range all {
		if links[fmt.Sprint(m["link_name"])] == nil {
			return fmt.Sprintf("mirror %s belongs to no link: %v", name, m)
		}
	}
	of := 0
	for link, row := range links {
		single := p.want(200, "GET", "/links/"+link, nil)
		mirrors := rows(p.want(200, "GET", "/links/"+link+"/mirrors", nil), "mirror_topic_name")
		of += len(mirrors)
		names := fmt.Sprint(slices.Sorted(maps.Keys(mirrors)))
		if fmt.Sprint(single["topic_names"]) != names || fmt.Sprint(row["topic_names"]) != names {
			return fmt.Sprintf("topics of %s: %v, %v, %v", link, names, row, single)
		}
		if row["link_state"] != single["link_state"] || row["cluster_link_id"] != single["cluster_link_id"] {
			return fmt.Sprintf("link %v, in the list %v", single, row)
		}
		for name, m := range mirrors {
			path := "/links/" + link + "/mirrors/" + name
			if one := p.want(200, "GET", path, nil); description(one) != description(m) || description(all[name]) != description(m) {
				return fmt.Sprintf("mirror %v, in lists %v, %v", one, m, all[name])
			}
			status := fmt.Sprint(m["mirror_status"])
			if rows(p.want(200, "GET", "/links/"+link+"/mirrors?mirror_status="+status, nil), "mirror_topic_name")[name] == nil {
				return fmt.Sprintf("mirror %s is not among those that are %s", name, status)
			}
		}
	}
	if of != len(all) {
		return fmt.Sprintf("links have %d mirrors, all of them %d", of, len(all))
	}
	return ""
}

// description is what one mirror has in common wherever it is looked at.
func description(m object) string {
	return fmt.Sprint(m["link_name"], m["mirror_topic_name"], m["source_topic_name"], m["num_partitions"], m["mirror_status"])
}

// checkStopped looks for mirrors that were stopped and are not any more.
func (w *world) checkStopped(t *rapid.T, p *place) {
	t.Helper()
	mirrors := p.mirrors()
	for name := range w.stopped {
		if m := mirrors[name.topic]; name.cluster == p.ID() && (m["link_name"] != name.link || m["mirror_status"] != "STOPPED") {
			t.Fatalf("%v was stopped, now it is %v", name, m)
		}
	}
	for topic, m := range mirrors {
		if m["mirror_status"] == "STOPPED" {
			w.stopped[mirrorName{p.ID(), fmt.Sprint(m["link_name"]), topic}] = true
		}
	}
}

// checkWritable writes to a topic, which a mirror that is not stopped must refuse, and every other topic not.
func (p *place) checkWritable(t *rapid.T, topic string) {
	t.Helper()
	if !p.has(topic) {
		return
	}
	before := p.mirrors()[topic]
	err := p.Produce(testContext(t), topic, p.unique())
	if after := p.mirrors()[topic]; after["mirror_status"] != before["mirror_status"] {
		return // it stopped in between, or failed
	}
	mirrors := before != nil && before["mirror_status"] != "STOPPED"
	if mirrors == (err == nil) {
		t.Fatalf("%s on %s, mirror %v: write: %v", topic, p.ID(), before, err)
	}
}

// checkPrefix compares a mirror with the topic that it follows, unless that one is gone, or the mirror was not yet made
// to follow it.
func (w *world) checkPrefix(t *rapid.T, p *place, topic string) {
	t.Helper()
	m := p.mirrors()[topic]
	switch m["mirror_status"] {
	case nil, "STOPPED", "FAILED", "PENDING_MIRROR", "PENDING_SETUP_FOR_RESTORE", "PENDING_RESTORE":
		return
	}
	mirror := p.read(t, topic)
	if id, err := p.remote.Broker().TopicID(testContext(t), topic); err != nil || id != w.sources[topicAt{p.ID(), topic}] {
		return
	}
	source := p.remote.read(t, topic)
	for i := range mirror {
		if len(mirror[i]) > len(source[i]) || !slices.Equal(mirror[i], source[i][:len(mirror[i])]) {
			t.Fatalf("%s on %s (%v), partition %d:\n%v\nthe source has\n%v", topic, p.ID(), m["mirror_status"], i, mirror[i], source[i])
		}
	}
}

// read reads all values of a topic's two partitions, each offset holding one.
func (p *place) read(t *rapid.T, topic string) [2][]string {
	t.Helper()
	var values [2][]string
	ctx := testContext(t)
	ends, err := p.Broker().LogEnds(ctx, topic)
	if err != nil {
		t.Fatal(err)
	}
	from := make(map[int32]kgo.Offset)
	for i, end := range ends {
		if end > 0 {
			from[int32(i)] = kgo.NewOffset().At(0)
		}
	}
	client, err := kgo.NewClient(append(p.KafkaOptions(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for len(from) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if r.Offset < ends[r.Partition] {
				values[r.Partition] = append(values[r.Partition], string(r.Value))
			}
			if r.Offset == ends[r.Partition]-1 {
				delete(from, r.Partition)
			}
		})
	}
	for i, end := range ends {
		if int64(len(values[i])) != end {
			t.Fatalf("%s on %s ends at %v and holds %v", topic, p.ID(), ends, values)
		}
	}
	return values
}

// snapshot is all that the REST API says and that does not change by itself.
type snapshot map[string]string

func (w *world) snapshot() snapshot {
	s := make(snapshot)
	for _, p := range w.sides {
		for link := range p.links() {
			configs := p.want(200, "GET", "/links/"+link+"/configs", nil)
			s[p.ID()+" link "+link] = fmt.Sprint(configs["data"])
		}
		for topic := range rows(p.want(200, "GET", "/topics", nil), "topic_name") {
			s[p.ID()+" topic "+topic] = "there"
		}
		for name, m := range p.mirrors() {
			status := fmt.Sprint(m["mirror_status"])
			if status != "STOPPED" && status != "PAUSED" && !strings.HasPrefix(status, "PENDING_") {
				status = "mirroring, or not for now"
			}
			s[p.ID()+" mirror "+name] = status
		}
	}
	return s
}

// same compares all but what is pending in either.
func (s snapshot) same(other snapshot) bool {
	keys := maps.Clone(s)
	maps.Copy(keys, other)
	for key := range keys {
		pending := strings.HasPrefix(s[key], "PENDING_") || strings.HasPrefix(other[key], "PENDING_")
		if s[key] != other[key] && !pending {
			return false
		}
	}
	return true
}

// comeToRest ends outages and pauses, waits until nothing is pending, and compares mirrors with their sources.
func (w *world) comeToRest(t *rapid.T) {
	t.Helper()
	for _, p := range w.sides {
		if p.down {
			p.toggle(t)
		}
	}
	for _, p := range w.sides {
		for link := range p.links() {
			p.want(204, "PUT", "/links/"+link+"/configs:alter", object{"data": []object{
				{"name": "cluster.link.paused", "operation": "DELETE"}, {"name": "bootstrap.servers", "value": p.remote.BootstrapServers()},
			}})
		}
	}
	var restless string
	defer func() {
		if t.Failed() {
			t.Logf("restless: %s", restless)
		}
	}()
	eventually(t, "rest", func() bool {
		for _, p := range w.sides {
			for _, topic := range topicNames {
				if restless = w.restless(t, p, topic); restless != "" {
					return false
				}
			}
		}
		return true
	})
	w.check(t)
}

// restless tells what is still to come for a topic, "" for nothing.
func (w *world) restless(t *rapid.T, p *place, topic string) string {
	m := p.mirrors()[topic]
	switch status := fmt.Sprint(m["mirror_status"]); status {
	case "PAUSED":
		p.want(200, "POST", fmt.Sprintf("/links/%v/mirrors:resume", m["link_name"]), object{"mirror_topic_names": []string{topic}})
		return "it was paused"
	case "ACTIVE":
		mirror, err := p.Broker().LogEnds(testContext(t), topic)
		if err != nil {
			return err.Error()
		}
		source, err := p.remote.Broker().LogEnds(testContext(t), topic)
		if err != nil || !slices.Equal(mirror, source) {
			return fmt.Sprintf("%s on %s ends at %v, its source at %v (%v)", topic, p.ID(), mirror, source, err)
		}
		for _, row := range m["mirror_lags"].([]any) {
			if row.(object)["lag"] != 0.0 {
				return fmt.Sprintf("%s on %s ends where its source does, and lags: %v", topic, p.ID(), row)
			}
		}
		return ""
	case "STOPPED", "FAILED", "<nil>":
		return ""
	default:
		return fmt.Sprintf("%s on %s is %s: %v", topic, p.ID(), status, m)
	}
}
