package emulator

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Settings with a meaning of their own in the emulator.
const (
	settingLinkMode        = "link.mode"
	settingConnectionMode  = "connection.mode"
	settingBootstrap       = "bootstrap.servers"
	settingPrefix          = "cluster.link.prefix"
	settingPaused          = "cluster.link.paused"
	settingGroupPrefix     = "consumer.group.prefix.enable"
	settingAutoCreate      = "auto.create.mirror.topics.enable"
	settingAutoFilters     = "auto.create.mirror.topics.filters"
	settingOffsetSync      = "consumer.offset.sync.enable"
	settingOffsetFilters   = "consumer.offset.group.filters"
	settingACLSync         = "acl.sync.enable"
	settingACLFilters      = "acl.filters"
	settingSyncInclude     = "topic.config.sync.include"
	localPrefix            = "local."
	settingLocalBootstrap  = localPrefix + settingBootstrap
	noDefault              = "null"
	sourceDynamic          = "DYNAMIC_CLUSTER_LINK_CONFIG"
	sourceDefault          = "DEFAULT_CONFIG"
	maxSettingNumber       = int64(1) << 62
	requiredSyncedSettings = "message.timestamp.type,cleanup.policy,max.message.bytes,message.timestamp.difference.max.ms"
)

// filtersOf names, for each feature, the setting that is cleared when the feature is switched off.
var filtersOf = map[string]string{
	settingAutoCreate: settingAutoFilters,
	settingOffsetSync: settingOffsetFilters,
	settingACLSync:    settingACLFilters,
}

// setting is one row of the catalogue of link settings.
type setting struct {
	name            string
	defaultValue    *string
	readOnlyOnCloud bool
	secret          bool
	immutable       bool
	platformOnly    bool
	kind            string
}

//go:embed settings.tsv
var settingsTSV string

var catalogue = parseCatalogue(settingsTSV)

// parseCatalogue reads the embedded table, whose order is that of the answers.
func parseCatalogue(table string) []setting {
	lines := strings.Split(strings.TrimSpace(table), "\n")[1:]
	settings := make([]setting, 0, len(lines))
	for _, line := range lines {
		col := strings.Split(line, "\t")
		s := setting{
			name: col[0], readOnlyOnCloud: col[2] == "true", secret: col[3] == "true",
			immutable: col[4] == "true", platformOnly: col[5] == "true", kind: col[6],
		}
		if col[1] != noDefault {
			s.defaultValue = &col[1]
		}
		settings = append(settings, s)
	}
	return settings
}

// known returns the catalogue's rows that a dialect knows.
func (d Dialect) known() []setting {
	if d == ConfluentPlatform71 {
		return catalogue
	}
	return slices.DeleteFunc(slices.Clone(catalogue), func(s setting) bool { return s.platformOnly })
}

// lookup finds a setting by name.
func (d Dialect) lookup(name string) (setting, bool) {
	i := slices.IndexFunc(catalogue, func(s setting) bool { return s.name == name })
	if i < 0 || catalogue[i].platformOnly && d != ConfluentPlatform71 {
		return setting{}, false
	}
	return catalogue[i], true
}

// readOnly tells whether users of a dialect may not set it.
func (s setting) readOnly(d Dialect) bool { return s.readOnlyOnCloud && d == ConfluentCloud }

// isSecret tells whether a setting's value must never be shown. Unknown names count as secrets where they look like one.
func isSecret(name string) bool {
	if s, ok := ConfluentPlatform71.lookup(name); ok {
		return s.secret
	}
	lower := strings.ToLower(name)
	return strings.Contains(lower, "password") || strings.Contains(lower, "secret") || strings.Contains(lower, "jaas") || strings.HasSuffix(lower, ".key")
}

// check tells what is wrong with a value, nil when nothing is. Its error is an *apiError.
func (s setting) check(value string) error {
	switch kind, argument, _ := strings.Cut(s.kind, ":"); {
	case kind == "boolean":
		if !strings.EqualFold(value, "true") && !strings.EqualFold(value, "false") {
			return s.invalid(value, "Expected value to be either true or false")
		}
	case strings.HasPrefix(kind, "number"):
		return s.checkNumber(value, strings.TrimPrefix(kind, "number>="))
	case kind == "json":
		return s.checkFilters(value, argument)
	case kind == "offset-spec":
		return s.checkOffsetSpec(value)
	case kind == "sync-include":
		return s.checkSyncInclude(value)
	case strings.Contains(kind, "|"):
		if !slices.Contains(strings.Split(kind, "|"), value) {
			return s.invalid(value, "String must be one of: "+strings.ReplaceAll(kind, "|", ", "))
		}
	}
	return nil
}

func (s setting) invalid(value, why string) error {
	if s.secret {
		value = redacted
	}
	return badRequest("Invalid value %s for configuration %s: %s", value, s.name, why)
}

func (s setting) checkNumber(value, minimum string) error {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return s.invalid(value, "Not a number of type LONG")
	}
	least := int64(-1)
	if m, err := strconv.ParseInt(minimum, 10, 64); err == nil {
		least = m
	}
	if n < least || n > maxSettingNumber {
		return s.invalid(value, fmt.Sprintf("Value must be at least %d", least))
	}
	return nil
}

func (s setting) checkOffsetSpec(value string) error {
	if value == "earliest" || value == "latest" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339Nano, value); err != nil {
		return s.invalid(value, "must be earliest, latest or an ISO-8601 time")
	}
	return nil
}

func (s setting) checkSyncInclude(value string) error {
	included := strings.Split(strings.ReplaceAll(value, " ", ""), ",")
	for _, required := range strings.Split(requiredSyncedSettings, ",") {
		if !slices.Contains(included, required) {
			return s.invalid(value, "must include "+required)
		}
	}
	return nil
}

// filter is one entry of a JSON filter for topics or consumer groups.
type filter struct {
	Name        string `json:"name"`
	PatternType string `json:"patternType"`
	FilterType  string `json:"filterType"`
}

// checkFilters accepts an empty value, or an object that holds an array under the given key.
func (s setting) checkFilters(value, key string) error {
	if value == "" {
		return nil
	}
	var document map[string][]json.RawMessage
	if err := json.Unmarshal([]byte(value), &document); err != nil {
		return s.invalid(value, "not a JSON object of filters")
	}
	entries, ok := document[key]
	if !ok || len(document) != 1 {
		return s.invalid(value, "expected exactly the key "+key)
	}
	for _, entry := range entries {
		if err := checkFilter(key, entry); err != nil {
			return s.invalid(value, err.Error())
		}
	}
	return nil
}

func checkFilter(key string, entry json.RawMessage) error {
	if key == "aclFilters" {
		var acl struct{ ResourceFilter, AccessFilter map[string]string }
		if err := json.Unmarshal(entry, &acl); err != nil || acl.ResourceFilter == nil || acl.AccessFilter == nil {
			return fmt.Errorf("each entry needs resourceFilter and accessFilter")
		}
		return nil
	}
	var f filter
	if err := json.Unmarshal(entry, &f); err != nil || f.Name == "" {
		return fmt.Errorf("each entry needs a name")
	}
	if !slices.Contains([]string{"LITERAL", "PREFIXED"}, strings.ToUpper(f.PatternType)) {
		return fmt.Errorf("patternType must be LITERAL or PREFIXED")
	}
	if !slices.Contains([]string{"INCLUDE", "EXCLUDE"}, strings.ToUpper(f.FilterType)) {
		return fmt.Errorf("filterType must be INCLUDE or EXCLUDE")
	}
	return nil
}

// topicFilters reads a checked auto.create.mirror.topics.filters.
func topicFilters(value string) []filter {
	var document struct{ TopicFilters []filter }
	_ = json.Unmarshal([]byte(value), &document)
	return document.TopicFilters
}

// selects tells whether filters pick a name: some INCLUDE matches, and no EXCLUDE does.
func selects(filters []filter, name string) bool {
	included := false
	for _, f := range filters {
		matches := f.Name == "*" || f.Name == name || strings.EqualFold(f.PatternType, "PREFIXED") && strings.HasPrefix(name, f.Name)
		if !matches {
			continue
		}
		if strings.EqualFold(f.FilterType, "EXCLUDE") {
			return false
		}
		included = true
	}
	return included
}

// enabled reads a boolean setting out of those set; what is not set is false, which is every boolean's default.
func enabled(settings map[string]string, name string) bool {
	return strings.EqualFold(settings[name], "true")
}

// withDefault reads a setting, or its default.
func withDefault(settings map[string]string, name string) string {
	if value, ok := settings[name]; ok {
		return value
	}
	if s, ok := ConfluentPlatform71.lookup(name); ok && s.defaultValue != nil {
		return *s.defaultValue
	}
	return ""
}

var linkNamePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)
