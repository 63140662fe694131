package emulator

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// configData is a setting without its flags, which have other names in each dialect.
type configData struct {
	Kind      string   `json:"kind"`
	Metadata  metadata `json:"metadata"`
	ClusterID string   `json:"cluster_id"`
	Name      string   `json:"name"`
	Value     *string  `json:"value"`
	Source    string   `json:"source"`
	Synonyms  []string `json:"synonyms"`
	LinkName  string   `json:"link_name"`
}

type cloudConfigData struct {
	configData
	IsDefault   bool `json:"is_default"`
	IsReadOnly  bool `json:"is_read_only"`
	IsSensitive bool `json:"is_sensitive"`
}

type platformConfigData struct {
	configData
	Default   bool `json:"default"`
	ReadOnly  bool `json:"read_only"`
	Sensitive bool `json:"sensitive"`
}

func (c *Cluster) listLinkConfigs(r *call) (answer, error) {
	l := c.visibleLink(r.PathValue("link"))
	if l == nil {
		return answer{}, linkNotFound(r.PathValue("link"))
	}
	c.mu.Lock()
	var rows []any
	for _, s := range c.cfg.Dialect.known() {
		rows = append(rows, l.configData(s))
	}
	c.mu.Unlock()
	return page(c, r, "KafkaLinkConfigDataList", c.url("links", l.name, "configs"), rows)
}

func (c *Cluster) getLinkConfig(r *call) (answer, error) {
	l := c.visibleLink(r.PathValue("link"))
	if l == nil {
		return answer{}, linkNotFound(r.PathValue("link"))
	}
	s, ok := c.cfg.Dialect.lookup(r.PathValue("name"))
	if !ok {
		return answer{}, &apiError{http.StatusNotFound, http.StatusNotFound, "Config " + r.PathValue("name") + " cannot be found."}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return answer{http.StatusOK, l.configData(s)}, nil
}

// configData describes a setting as the dialect does; cluster.mu is held. Secrets are null, set or not.
// Confluent Platform 7.1 calls every setting dynamic and none a default.
func (l *link) configData(s setting) any {
	c := l.cluster
	data := configData{
		Kind: "KafkaLinkConfigData", Metadata: c.metadata("links", l.name, "configs", s.name), ClusterID: c.ID(),
		Name: s.name, Value: s.defaultValue, Source: sourceDynamic, Synonyms: []string{}, LinkName: l.name,
	}
	value, set := l.settings[s.name]
	if set {
		data.Value = &value
	}
	if s.secret {
		data.Value = nil
	}
	if c.cfg.Dialect == ConfluentPlatform71 {
		return platformConfigData{data, false, false, s.secret}
	}
	if !set {
		data.Source = sourceDefault
	}
	return cloudConfigData{data, !set, s.readOnlyOnCloud, s.secret}
}

// alteration is one entry of configs:alter.
type alteration struct {
	Name      string  `json:"name"`
	Value     *string `json:"value"`
	Operation string  `json:"operation"`
}

func (c *Cluster) alterLinkConfigs(r *call) (answer, error) {
	validateOnly, err := r.flag("validate_only", false)
	if err != nil {
		return answer{}, err
	}
	var body struct {
		Data         []alteration `json:"data"`
		ValidateOnly bool         `json:"validate_only"`
	}
	if err := r.decode(&body); err != nil {
		return answer{}, err
	}
	return c.alterLink(r.PathValue("link"), body.Data, validateOnly || body.ValidateOnly)
}

func (c *Cluster) putLinkConfig(r *call) (answer, error) {
	var body struct {
		Value *string `json:"value"`
	}
	if err := r.decode(&body); err != nil {
		return answer{}, err
	}
	return c.alterLink(r.PathValue("link"), []alteration{{r.PathValue("name"), body.Value, "SET"}}, false)
}

func (c *Cluster) deleteLinkConfig(r *call) (answer, error) {
	return c.alterLink(r.PathValue("link"), []alteration{{r.PathValue("name"), nil, "DELETE"}}, false)
}

// alterLink changes settings, all or none. A connection with the new ones is then made in the background: as on
// live clusters, credentials that are refused show in link_error, not here.
func (c *Cluster) alterLink(name string, alterations []alteration, validateOnly bool) (answer, error) {
	l := c.visibleLink(name)
	if l == nil {
		return answer{}, linkNotFound(name)
	}
	c.mu.Lock()
	settings, err := c.altered(l.settings, alterations)
	if err == nil {
		err = l.checkModes(settings)
	}
	if err == nil && !validateOnly {
		if !maps.Equal(clientSettings(l.settings), clientSettings(settings)) {
			l.generation++
		}
		l.settings = settings
	}
	c.mu.Unlock()
	if err != nil {
		return answer{}, err
	}
	if !validateOnly {
		l.syncCopier()
		l.nudge()
	}
	return answer{status: http.StatusNoContent}, nil
}

// clientSettings are the settings that connections are made with.
func clientSettings(settings map[string]string) map[string]string {
	client := maps.Clone(settings)
	maps.DeleteFunc(client, func(name, _ string) bool {
		name = strings.TrimPrefix(name, localPrefix)
		return name != settingBootstrap && name != "security.protocol" &&
			!strings.HasPrefix(name, "sasl.") && !strings.HasPrefix(name, "ssl.")
	})
	return client
}

// altered returns settings after alterations, or what is wrong with these.
func (c *Cluster) altered(settings map[string]string, alterations []alteration) (map[string]string, error) {
	if len(alterations) == 0 {
		return nil, badRequest("No settings to alter are given.")
	}
	result, named := maps.Clone(settings), make(map[string]bool)
	for _, a := range alterations {
		if named[a.Name] {
			return nil, badRequest("Duplicate configuration '%s'.", a.Name)
		}
		named[a.Name] = true
		s, err := c.settable(a.Name)
		if err != nil {
			return nil, err
		}
		if s.immutable {
			return nil, badRequest("Configuration '%s' cannot be changed after the creation of the link.", a.Name)
		}
		switch strings.ToUpper(a.Operation) {
		case "", "SET":
			if a.Value == nil {
				return nil, badRequest("Configuration '%s' has no value.", a.Name)
			}
			if err := s.check(*a.Value); err != nil {
				return nil, err
			}
			result[a.Name] = *a.Value
		case "DELETE":
			delete(result, a.Name)
		default:
			return nil, malformed("Unknown operation %s for configuration '%s'.", strconv.Quote(a.Operation), a.Name)
		}
	}
	clearFilters(settings, result, named)
	return result, checkTogether(settings[settingLinkMode], result)
}

// clearFilters forgets the filters of a feature that was switched off, unless they were given in the same call.
func clearFilters(before, after map[string]string, named map[string]bool) {
	for feature, filters := range filtersOf {
		if enabled(before, feature) && !enabled(after, feature) && !named[filters] {
			delete(after, filters)
		}
	}
}

// newSettings reads the settings of a link that is being created.
func (c *Cluster) newSettings(configs []namedValue) (map[string]string, error) {
	settings := make(map[string]string)
	for _, config := range configs {
		s, err := c.settable(config.Name)
		if err != nil {
			return nil, err
		}
		if _, twice := settings[config.Name]; twice {
			return nil, badRequest("Duplicate configuration '%s'.", config.Name)
		}
		if config.Value == nil {
			continue
		}
		if err := s.check(*config.Value); err != nil {
			return nil, err
		}
		settings[config.Name] = *config.Value
	}
	return settings, checkTogether(settings[settingLinkMode], settings)
}

// settable finds a setting that users may set.
func (c *Cluster) settable(name string) (setting, error) {
	s, ok := c.cfg.Dialect.lookup(name)
	if !ok {
		return s, badRequest("Unknown cluster link configuration '%s'.", name)
	}
	if s.readOnly(c.cfg.Dialect) {
		return s, badRequest("Configuration '%s' is read-only.", name)
	}
	return s, nil
}

// checkTogether checks what settings demand of each other. Its error is an *apiError.
func checkTogether(mode string, settings map[string]string) error {
	switch {
	case !enabled(settings, settingGroupPrefix):
		return nil
	case mode == modeBidirectional:
		return badRequest("consumer.group.prefix.enable is not supported on bidirectional links.")
	case settings[settingPrefix] == "":
		return badRequest("consumer.group.prefix.enable needs cluster.link.prefix.")
	}
	return nil
}
