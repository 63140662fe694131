package emulator

import (
	"net/http"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

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
