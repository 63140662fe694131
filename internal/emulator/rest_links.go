package emulator

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
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

// newLink is the body of a POST to /links.
type newLink struct {
	SourceClusterID      string       `json:"source_cluster_id"`
	DestinationClusterID string       `json:"destination_cluster_id"`
	RemoteClusterID      string       `json:"remote_cluster_id"`
	ClusterLinkID        string       `json:"cluster_link_id"`
	Configs              []namedValue `json:"configs"`
}

type namedValue struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
}

func (c *Cluster) createLink(r *call) (answer, error) {
	validateOnly, err := r.flag("validate_only", false)
	if err != nil {
		return answer{}, err
	}
	validateLink, err := r.flag("validate_link", true)
	if err != nil {
		return answer{}, err
	}
	l, err := c.specifiedLink(r)
	if err != nil {
		return answer{}, err
	}
	if !c.reserve(linkKey(l.name)) {
		return answer{}, c.cfg.Dialect.linkExists(l.name)
	}
	defer c.release(linkKey(l.name))
	if err := c.conflict(l); err != nil {
		return answer{}, err
	}
	var e *ends
	if validateLink && l.connection == outbound {
		if e, err = l.dial(c.ctx); err != nil {
			return answer{}, c.cfg.Dialect.refusedLink(err)
		}
	}
	if validateOnly {
		if e != nil {
			e.close()
		}
		return c.created(), nil
	}
	c.addLink(l, e)
	return c.created(), nil
}

// created is the success of a POST.
func (c *Cluster) created() answer {
	if c.cfg.Dialect == ConfluentPlatform71 {
		return answer{status: http.StatusCreated}
	}
	return answer{status: http.StatusNoContent}
}

// specifiedLink makes the link that a body asks for, or says what is wrong with it.
func (c *Cluster) specifiedLink(r *call) (*link, error) {
	var body newLink
	if err := r.decode(&body); err != nil {
		return nil, err
	}
	name := r.URL.Query().Get("link_name")
	if !linkNamePattern.MatchString(name) {
		return nil, badRequest("Invalid cluster link name '%s'.", name)
	}
	settings, err := c.newSettings(body.Configs)
	if err != nil {
		return nil, err
	}
	l := &link{
		cluster: c, name: name, id: newLinkID(), settings: settings,
		mode: withDefault(settings, settingLinkMode), connection: withDefault(settings, settingConnectionMode),
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if err := l.checkModes(settings); err != nil {
		return nil, err
	}
	l.remoteID, err = l.expectedRemote(body)
	return l, err
}

// checkModes checks what the modes of a link demand of its settings.
func (l *link) checkModes(settings map[string]string) error {
	_, hasBootstrap := settings[settingBootstrap]
	switch {
	case l.mode == modeSource && l.connection == inbound:
		return badRequest("A link with link.mode=SOURCE must have connection.mode=OUTBOUND.")
	case l.mode == modeBidirectional && l.cluster.cfg.Dialect == ConfluentPlatform71:
		return badRequest("Invalid value BIDIRECTIONAL for configuration link.mode: String must be one of: DESTINATION, SOURCE")
	case l.connection == outbound && !hasBootstrap:
		return badRequest("Missing required configuration \"bootstrap.servers\" which has no default value.")
	case l.connection == inbound && hasBootstrap:
		return badRequest("bootstrap.servers must not be set on a link with connection.mode=INBOUND.")
	}
	return nil
}

// expectedRemote picks the id of the remote cluster out of a body. The other end may be named too, if it is
// this cluster.
func (l *link) expectedRemote(body newLink) (string, error) {
	remote, own := body.SourceClusterID, body.DestinationClusterID
	switch l.mode {
	case modeSource:
		remote, own = own, remote
	case modeBidirectional:
		remote, own = "", ""
	}
	if own != "" && own != l.cluster.ID() {
		return "", badRequest("Cluster id '%s' does not match this cluster's id '%s'.", own, l.cluster.ID())
	}
	if remote == "" {
		remote = body.RemoteClusterID
	}
	if remote == l.cluster.ID() {
		return "", badRequest("A cluster cannot be linked to itself.")
	}
	return remote, nil
}

// conflict tells whether there is such a link already, or one with that prefix.
func (c *Cluster) conflict(l *link) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.links[l.name] != nil {
		return c.cfg.Dialect.linkExists(l.name)
	}
	for _, other := range c.links {
		if prefix := l.settings[settingPrefix]; prefix != "" && other.settings[settingPrefix] == prefix {
			return badRequest("Cluster link prefix '%s' already exists.", prefix)
		}
	}
	return nil
}

// addLink makes a link real.
func (c *Cluster) addLink(l *link, e *ends) {
	l.visibleAt = c.visibleFrom()
	if l.mode != modeSource {
		l.copier = broker.NewCopier(c.broker)
	}
	c.mu.Lock()
	c.links[l.name] = l
	c.mu.Unlock()
	l.start(e)
}

func (c *Cluster) deleteLink(r *call) (answer, error) {
	force, err := r.flag("force", false)
	if err != nil {
		return answer{}, err
	}
	validateOnly, err := r.flag("validate_only", false)
	if err != nil {
		return answer{}, err
	}
	name := r.PathValue("link")
	l := c.visibleLink(name)
	if l == nil || !c.reserve(linkKey(name)) {
		return answer{}, linkNotFound(name)
	}
	defer c.release(linkKey(name))
	if err := c.mayDelete(l, force); err != nil {
		return answer{}, err
	}
	if !validateOnly {
		c.removeLink(l)
	}
	if c.cfg.Dialect == ConfluentPlatform71 {
		return answer{status: http.StatusOK}, nil
	}
	return answer{status: http.StatusNoContent}, nil
}

// mayDelete refuses to delete a link that still has mirror topics which are not stopped.
func (c *Cluster) mayDelete(l *link, force bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.links[l.name] != l {
		return linkNotFound(l.name)
	}
	if force {
		return nil
	}
	for _, m := range c.mirrorsOf(l) {
		if m.state != statusStopped {
			return &apiError{http.StatusForbidden, codeForbidden, "Cluster link '" + l.name + "' is in use by mirror topic '" + m.name + "'."}
		}
	}
	return nil
}

// removeLink deletes a link. Mirror topics that it still has become ordinary topics.
func (c *Cluster) removeLink(l *link) {
	c.mu.Lock()
	delete(c.links, l.name)
	if l.mode == modeSource && l.peer != nil {
		c.orphans = append(c.orphans, &orphan{l.id, l.remoteID, l.peer})
	}
	mirrors := c.mirrorsOf(l)
	c.mu.Unlock()
	l.stop()
	for _, m := range mirrors {
		m.stop()
	}
	l.closeCopier()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range mirrors {
		if c.mirrors[m.name] == m {
			delete(c.mirrors, m.name)
		}
	}
}

// Names that are being created or deleted are reserved, so that what was looked up stays true over the calls to
// brokers in between.
func linkKey(name string) string  { return "link/" + name }
func topicKey(name string) string { return "topic/" + name }

func (c *Cluster) reserve(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reserved[key] {
		return false
	}
	c.reserved[key] = true
	return true
}

func (c *Cluster) release(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.reserved, key)
}
