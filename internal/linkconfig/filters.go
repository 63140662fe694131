package linkconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
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
	parsed, err := parseJSON(value)
	if err != nil {
		return err
	}
	return filterSettings[name].check(parsed, "")
}

func (s shape) check(value any, path string) error {
	object, ok := value.(map[string]any)
	if !ok {
		return fmt.Errorf("%smust be an object with %s", at(path), s.names())
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.ContainsFunc(s, func(k key) bool { return k.name == name }) {
			return fmt.Errorf("%sunknown key %q, expected %s", at(path), name, s.names())
		}
	}
	for _, k := range s {
		value, present := object[k.name]
		if !present && k.optional {
			continue
		}
		if !present {
			return fmt.Errorf("%s%q is missing", at(path), k.name)
		}
		if err := k.check(value, strings.TrimPrefix(path+"."+k.name, ".")); err != nil {
			return err
		}
	}
	return nil
}

func (k key) check(value any, path string) error {
	switch {
	case k.list:
		items, ok := value.([]any)
		if !ok {
			return fmt.Errorf("%smust be a list", at(path))
		}
		for i, item := range items {
			if err := k.object.check(item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	case k.object != nil:
		return k.object.check(value, path)
	}
	text, ok := value.(string)
	switch {
	case !ok || text == "":
		return fmt.Errorf("%smust be a string that is not empty", at(path))
	case k.words != nil:
		if err := checkWord(text, k.words); err != nil {
			return fmt.Errorf("%s%w", at(path), err)
		}
	}
	return nil
}

// names lists the keys of a shape for a person.
func (s shape) names() string {
	names := make([]string, len(s))
	for i, k := range s {
		names[i] = fmt.Sprintf("%q", k.name)
	}
	return strings.Join(names, ", ")
}

func at(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

// parseJSON reads one JSON value; its error says where it is malformed.
func parseJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			return value, nil
		}
		err = errors.New("something follows the JSON value")
	}
	return nil, fmt.Errorf("is no JSON: %w", err)
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

func marshal(value any) string {
	var text bytes.Buffer
	_ = json.NewEncoder(&text).Encode(value)
	return text.String()
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
