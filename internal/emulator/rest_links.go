package emulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// linkData is a link as Confluent Platform 7.1 tells it.
type linkData struct {
	Kind                 string   `json:"kind"`
	Metadata             metadata `json:"metadata"`
	SourceClusterID      *string  `json:"source_cluster_id"`
	DestinationClusterID *string  `json:"destination_cluster_id"`
	LinkName             string   `json:"link_name"`
	LinkID               string   `json:"link_id"`
	ClusterLinkID        string   `json:"cluster_link_id"`
	TopicNames           []string `json:"topic_names"`
}

// cloudLinkData is a link as Confluent Cloud tells it.
type cloudLinkData struct {
	linkData
	RemoteClusterID  *string         `json:"remote_cluster_id"`
	LinkState        string          `json:"link_state"`
	LinkError        string          `json:"link_error"`
	LinkErrorMessage *string         `json:"link_error_message"`
	Tasks            []linkTask      `json:"tasks"`
	CategoryCounts   []categoryCount `json:"category_counts"`
}

type linkTask struct {
	TaskName string      `json:"task_name"`
	State    string      `json:"state"`
	Errors   []taskError `json:"errors"`
}

type categoryCount struct {
	StateCategory string `json:"state_category"`
	Count         int    `json:"count"`
}

// orphan is what is left of a source half that was deleted before its destination half: a row without a name
// in the list of links, seen on Confluent Cloud.
type orphan struct {
	id            [16]byte
	destinationID string
	peer          *link
}

func (c *Cluster) listLinks(r *call) (answer, error) {
	c.mu.Lock()
	topics := c.topicNamesByLink()
	var rows []any
	for _, name := range slices.Sorted(maps.Keys(c.links)) {
		if l := c.links[name]; l.visible() {
			rows = append(rows, c.linkData(l, topics[l], false))
		}
	}
	orphans := slices.Clone(c.orphans)
	c.mu.Unlock()
	for _, o := range orphans {
		if c.cfg.Dialect == ConfluentCloud && o.peer.cluster.inboundHalf(o.peer.name) == o.peer {
			rows = append(rows, c.orphanData(o))
		}
	}
	return page(c, r, "KafkaLinkDataList", c.url("links"), rows)
}

func (c *Cluster) getLink(r *call) (answer, error) {
	withTasks, err := r.flag("include_tasks", false)
	if err != nil {
		return answer{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.links[r.PathValue("link")]
	if !l.visible() {
		return answer{}, linkNotFound(r.PathValue("link"))
	}
	return answer{http.StatusOK, c.linkData(l, c.topicNamesByLink()[l], withTasks)}, nil
}

// topicNamesByLink sorts all mirror topics by link in one go; mu is held.
func (c *Cluster) topicNamesByLink() map[*link][]string {
	names := make(map[*link][]string)
	for _, m := range c.mirrorsOf(nil) {
		names[m.link] = append(names[m.link], m.name)
	}
	return names
}

// linkData describes a link in the cluster's dialect; mu is held.
func (c *Cluster) linkData(l *link, topics []string, withTasks bool) any {
	basic := linkData{
		Kind: "KafkaLinkData", Metadata: c.metadata("links", l.name), LinkName: l.name,
		LinkID: uuid(l.id), ClusterLinkID: shortID(l.id), TopicNames: append([]string{}, topics...),
	}
	var remote *string
	if l.remoteID != "" {
		id := l.remoteID
		switch l.mode {
		case modeDestination:
			basic.SourceClusterID = &id
		case modeSource:
			basic.DestinationClusterID = &id
		default:
			remote = &id
		}
	}
	if c.cfg.Dialect == ConfluentPlatform71 {
		return basic
	}
	data := cloudLinkData{linkData: basic, RemoteClusterID: remote, CategoryCounts: c.categoryCounts(topics)}
	data.LinkState, data.LinkError, data.LinkErrorMessage = l.state()
	if withTasks {
		data.Tasks = l.tasks(data.LinkState)
	}
	return data
}

func (c *Cluster) orphanData(o *orphan) cloudLinkData {
	return cloudLinkData{
		linkData: linkData{
			Kind: "KafkaLinkData", Metadata: c.metadata("links", ""), DestinationClusterID: &o.destinationID,
			LinkID: uuid(o.id), ClusterLinkID: shortID(o.id), TopicNames: []string{},
		},
		LinkState: "UNMANAGED_SOURCE", LinkError: "NO_ERROR", CategoryCounts: []categoryCount{},
	}
}

// categoryCounts counts a link's mirror topics by the kind of their status; mu is held.
func (c *Cluster) categoryCounts(topics []string) []categoryCount {
	counts := make(map[string]int)
	for _, name := range topics {
		status, _ := c.mirrors[name].look()
		counts[statusCategory(status)]++
	}
	result := []categoryCount{}
	for _, category := range slices.Sorted(maps.Keys(counts)) {
		result = append(result, categoryCount{category, counts[category]})
	}
	return result
}

func statusCategory(status string) string {
	switch {
	case status == statusActive:
		return "ACTIVE"
	case status == statusPaused || status == statusLinkPaused:
		return "PAUSED"
	case status == statusStopped:
		return "NOT_APPLICABLE"
	case strings.HasPrefix(status, "PENDING_"):
		return "PENDING"
	default:
		return "IN_ERROR"
	}
}

// tasks tells what the link does beside copying records; cluster.mu is held.
func (l *link) tasks(linkState string) []linkTask {
	var tasks []linkTask
	for _, task := range []struct{ name, setting string }{
		{"AclSync", settingACLSync},
		{"AutoCreateMirror", settingAutoCreate},
		{"ConsumerOffsetSync", settingOffsetSync},
		{"TopicConfigsSync", ""},
	} {
		state := "ACTIVE"
		switch {
		case l.copier == nil || task.setting != "" && !enabled(l.settings, task.setting):
			state = "NOT_CONFIGURED"
		case linkState != "ACTIVE":
			state = "LINK_" + linkState
		}
		tasks = append(tasks, linkTask{task.name, state, []taskError{}})
	}
	return tasks
}
