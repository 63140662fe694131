package linkconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A shape is what a JSON object in a filter setting may hold.
type shape []key

// A key is one key of a shape. It holds an object of shape object, or a list of
// such where list is set, or else a string: one of words, or any but the empty
// one where there are none.
type key struct {
	name     string
	optional bool
	list     bool
	object   shape
	words    []string
}

var (
	nameFilter = shape{
		{name: "name"},
		{name: "patternType", words: []string{"LITERAL", "PREFIXED"}},
		{name: "filterType", words: []string{"INCLUDE", "EXCLUDE"}},
	}
	aclFilter = shape{
		{name: "resourceFilter", object: shape{
			{name: "resourceType"},
			{name: "patternType", words: []string{"LITERAL", "PREFIXED", "ANY", "MATCH"}},
			{name: "name", optional: true},
		}},
		{name: "accessFilter", object: shape{
			{name: "operation"},
			{name: "permissionType"},
			{name: "principal", optional: true},
			{name: "host", optional: true},
		}},
	}
	filterSettings = map[string]shape{
		"acl.filters":                       {{name: "aclFilters", list: true, object: aclFilter}},
		"auto.create.mirror.topics.filters": {{name: "topicFilters", list: true, object: nameFilter}},
		"consumer.offset.group.filters":     {{name: "groupFilters", list: true, object: nameFilter}},
	}
)

// checkFilters reports the first thing that is wrong with the value of a filter
// setting. An empty value is right: there are no filters then.
func checkFilters(name, value string) error {
	if strings.TrimSpace(value) == "" {
		return nil
	}
	filters := filterSettings[name]
	parsed, err := parseJSON(value)
	if err != nil {
		return fmt.Errorf("%w; expected %s", err, filters)
	}
	return filters.check("", parsed)
}

// check reports the first thing that is wrong with value, which stands at path.
func (s shape) check(path string, value any) error {
	object, ok := value.(map[string]any)
	if !ok {
		return mistake(path, "must be an object: %s", s)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.ContainsFunc(s, func(k key) bool { return k.name == name }) {
			return mistake(path, "has an unknown key %q; expected %s", name, s)
		}
	}
	for _, k := range s {
		value, present := object[k.name]
		if k.optional && value == nil {
			continue
		}
		if !present {
			return mistake(path, "has no %q; expected %s", k.name, s)
		}
		if err := k.check(strings.TrimPrefix(path+"."+k.name, "."), value); err != nil {
			return err
		}
	}
	return nil
}

func (k key) check(path string, value any) error {
	if k.list {
		return k.checkList(path, value)
	}
	if k.object != nil {
		return k.object.check(path, value)
	}
	text, ok := value.(string)
	if !ok || text == "" {
		return mistake(path, "must be a string, and not empty")
	}
	if k.words == nil {
		return nil
	}
	if err := checkWord(text, k.words); err != nil {
		return mistake(path, "%w", err)
	}
	return nil
}

func (k key) checkList(path string, value any) error {
	items, ok := value.([]any)
	if !ok {
		return mistake(path, "must be a list of objects: %s", k.object)
	}
	for i, item := range items {
		if err := k.object.check(fmt.Sprintf("%s[%d]", path, i), item); err != nil {
			return err
		}
	}
	return nil
}

func mistake(path, format string, args ...any) error {
	if path != "" {
		path += " "
	}
	return fmt.Errorf(path+format, args...)
}

// String outlines a shape for a person: {"name", "patternType": LITERAL or PREFIXED}.
func (s shape) String() string {
	keys := make([]string, len(s))
	for i, k := range s {
		keys[i] = strconv.Quote(k.name)
		switch {
		case k.list:
			keys[i] += ": [...]"
		case k.object != nil:
			keys[i] += ": {...}"
		case k.words != nil:
			keys[i] += ": " + alternatives(k.words)
		case k.optional:
			keys[i] += " (optional)"
		}
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

// parseJSON reads a JSON value; its error says where it is malformed.
func parseJSON(text string) (value any, err error) {
	err = json.Unmarshal([]byte(text), &value)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		read := text[:syntax.Offset]
		line := 1 + strings.Count(read, "\n")
		column := utf8.RuneCountInString(read[strings.LastIndex(read, "\n")+1:])
		return nil, fmt.Errorf("is not JSON at line %d, column %d: %w", line, column, err)
	}
	if err != nil {
		return nil, errors.New("holds a number that is too large")
	}
	return value, nil
}

// canonicalFilters writes filters in one way for all values that mean the same:
// keys and filters sorted, every filter once, nothing at all where there is none.
func canonicalFilters(value string) (canonical string, ok bool) {
	if strings.TrimSpace(value) == "" {
		return "", true
	}
	parsed, err := parseJSON(value)
	if err != nil {
		return "", false
	}
	object, ok := parsed.(map[string]any)
	if !ok {
		return marshal(parsed), true
	}
	for name, filters := range object {
		if list, ok := filters.([]any); ok {
			object[name] = filterSet(list)
			if len(list) == 0 {
				delete(object, name)
			}
		}
	}
	if len(object) == 0 {
		return "", true
	}
	return marshal(object), true
}

func filterSet(list []any) []string {
	set := make([]string, len(list))
	for i, filter := range list {
		set[i] = marshal(filter)
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// marshal writes what parseJSON read, the keys of objects sorted.
func marshal(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

// SyncsWithoutFilters names the settings that are true in settings though the
// filters they need are missing or empty, sorted. Such a sync copies nothing.
func SyncsWithoutFilters(settings map[string]string) []string {
	var names []string
	for _, setting := range catalogue {
		if setting.EnabledBy == "" {
			continue
		}
		enabled, _ := parseBoolean(settings[setting.EnabledBy])
		if enabled && Equal(setting.Name, settings[setting.Name], "") {
			names = append(names, setting.EnabledBy)
		}
	}
	slices.Sort(names)
	return names
}
