package linkconfig

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	allACLs = `{"aclFilters":[{"resourceFilter":{"resourceType":"any","patternType":"any"},"accessFilter":{"operation":"any","permissionType":"any"}}]}`

	nameFilterOutline = `{"name", "patternType": LITERAL or PREFIXED, "filterType": INCLUDE or EXCLUDE}`
)

func include(name string) string {
	return `{"name":` + marshal(name) + `,"patternType":"LITERAL","filterType":"INCLUDE"}`
}

func groupFilters(filters ...string) string {
	return `{"groupFilters":[` + strings.Join(filters, ",") + `]}`
}

func TestCheckFilters(t *testing.T) {
	t.Parallel()
	const acls, topics, groups = "acl.filters", "auto.create.mirror.topics.filters", "consumer.offset.group.filters"
	for _, test := range []struct{ name, value, want string }{
		// right
		{acls, "", ""},
		{topics, " \n", ""},
		{groups, `{"groupFilters":[]}`, ""},
		{groups, groupFilters(include("*"), include("a")), ""},
		{topics, `{"topicFilters": [{"filterType": "EXCLUDE", "name": "internal-", "patternType": "PREFIXED"}]}`, ""},
		{topics, `{"topicFilters": [{"filterType": "exclude", "name": "internal-", "patternType": "prefixed"}]}`, ""},
		{acls, allACLs, ""},
		{acls, `{"aclFilters":[{"resourceFilter":{"resourceType":"TOPIC","patternType":"MATCH","name":"orders"},
			"accessFilter":{"operation":"READ","permissionType":"ALLOW","principal":"User:u-1","host":"*"}}]}`, ""},
		{acls, `{"aclFilters":[{"resourceFilter":{"resourceType":"TOPIC","patternType":"ANY","name":null},
			"accessFilter":{"operation":"READ","permissionType":"ALLOW","principal":null}}]}`, ""}, // as jsonencode writes unset variables

		// not JSON
		{groups, `orders`, `is not JSON at line 1, column 1: invalid character 'o' looking for beginning of value; expected {"groupFilters": [...]}`},
		{groups, `{"groupFilters":[`, `is not JSON at line 1, column 17: unexpected end of JSON input; expected {"groupFilters": [...]}`},
		{groups, "{\n  \"groupFilters\": [],\n}", `is not JSON at line 3, column 1: invalid character '}' looking for beginning of object key string; expected {"groupFilters": [...]}`},
		{groups, `{"é": x}`, `is not JSON at line 1, column 7: invalid character 'x' looking for beginning of value; expected {"groupFilters": [...]}`},
		{groups, groupFilters() + "]", `is not JSON at line 1, column 20: invalid character ']' after top-level value; expected {"groupFilters": [...]}`},
		{groups, `{"groupFilters":[1e999]}`, `holds a number that is too large; expected {"groupFilters": [...]}`},

		// the outer object
		{groups, `[]`, `must be an object: {"groupFilters": [...]}`},
		{groups, `null`, `must be an object: {"groupFilters": [...]}`},
		{groups, `{}`, `has no "groupFilters"; expected {"groupFilters": [...]}`},
		{groups, `{"topicFilters":[]}`, `has an unknown key "topicFilters"; expected {"groupFilters": [...]}`},
		{topics, `{"topicFilters":[],"groupFilters":[]}`, `has an unknown key "groupFilters"; expected {"topicFilters": [...]}`},
		{topics, `{"TopicFilters":[]}`, `has an unknown key "TopicFilters"; expected {"topicFilters": [...]}`},
		{topics, `{"topicFilters":{}}`, "topicFilters must be a list of objects: " + nameFilterOutline},
		{topics, `{"topicFilters":null}`, "topicFilters must be a list of objects: " + nameFilterOutline},

		// one filter
		{topics, `{"topicFilters":["orders"]}`, "topicFilters[0] must be an object: " + nameFilterOutline},
		{groups, groupFilters(include("a"), `{"nam":"b"}`), `groupFilters[1] has an unknown key "nam"; expected ` + nameFilterOutline},
		{groups, groupFilters(`{"patternType":"LITERAL","filterType":"INCLUDE"}`), `groupFilters[0] has no "name"; expected ` + nameFilterOutline},
		{groups, groupFilters(`{"name":"a","filterType":"INCLUDE"}`), `groupFilters[0] has no "patternType"; expected ` + nameFilterOutline},
		{groups, groupFilters(`{"name":"a","patternType":"LITERAL"}`), `groupFilters[0] has no "filterType"; expected ` + nameFilterOutline},
		{groups, groupFilters(include("")), "groupFilters[0].name must be a string, and not empty"},
		{groups, groupFilters(`{"name":1,"patternType":"LITERAL","filterType":"INCLUDE"}`), "groupFilters[0].name must be a string, and not empty"},
		{groups, groupFilters(`{"name":null,"patternType":"LITERAL","filterType":"INCLUDE"}`), "groupFilters[0].name must be a string, and not empty"},
		{groups, groupFilters(include("a"), include("b"), `{"name":"a","patternType":"ANY","filterType":"INCLUDE"}`), "groupFilters[2].patternType must be LITERAL or PREFIXED"},
		{groups, groupFilters(`{"name":"a","patternType":"LITERAL","filterType":"ALLOW"}`), "groupFilters[0].filterType must be INCLUDE or EXCLUDE"},

		// one ACL filter
		{acls, `{"aclFilters":[{}]}`, `aclFilters[0] has no "resourceFilter"; expected {"resourceFilter": {...}, "accessFilter": {...}}`},
		{acls, `{"aclFilters":[{"resourceFilter":[]}]}`, `aclFilters[0].resourceFilter must be an object: {"resourceType", "patternType": LITERAL, PREFIXED, ANY or MATCH, "name" (optional)}`},
		{acls, strings.Replace(allACLs, `"patternType":"any"`, `"patternType":"all"`, 1), "aclFilters[0].resourceFilter.patternType must be LITERAL, PREFIXED, ANY or MATCH"},
		{acls, strings.Replace(allACLs, `"operation":"any",`, "", 1), `aclFilters[0].accessFilter has no "operation"; expected {"operation", "permissionType", "principal" (optional), "host" (optional)}`},
		{acls, strings.Replace(allACLs, `"operation":`, `"principal":"","operation":`, 1), "aclFilters[0].accessFilter.principal must be a string, and not empty"},
		{acls, strings.Replace(allACLs, "accessFilter", "accessFilters", 1), `aclFilters[0] has an unknown key "accessFilters"; expected {"resourceFilter": {...}, "accessFilter": {...}}`},
	} {
		if got := errorText(Check(test.name, test.value)); got != test.want {
			t.Errorf("Check(%q, %q):\n got %s\nwant %s", test.name, test.value, got, test.want)
		}
	}
}

func TestSyncsWithoutFilters(t *testing.T) {
	t.Parallel()
	const acls, topics, offsets = "acl.sync.enable", "auto.create.mirror.topics.enable", "consumer.offset.sync.enable"
	for _, test := range []struct {
		settings map[string]string
		want     []string
	}{
		{nil, nil},
		{map[string]string{offsets: "true", topics: "TRUE", acls: "true"}, []string{acls, topics, offsets}},
		{map[string]string{acls: "false", topics: "maybe", offsets: ""}, nil},
		{map[string]string{acls: "true", "acl.filters": allACLs}, nil},
		{map[string]string{acls: "true", "acl.filters": " "}, []string{acls}},
		{map[string]string{offsets: "true", "consumer.offset.group.filters": groupFilters()}, []string{offsets}},
		{map[string]string{offsets: "true", "consumer.offset.group.filters": groupFilters(include("a"))}, nil},
		{map[string]string{topics: "true", "auto.create.mirror.topics.filters": "malformed"}, nil}, // Check says so
		{map[string]string{topics: "true", "consumer.offset.group.filters": groupFilters(include("a"))}, []string{topics}},
	} {
		if got := SyncsWithoutFilters(test.settings); !slices.Equal(got, test.want) {
			t.Errorf("SyncsWithoutFilters(%v) = %v, want %v", test.settings, got, test.want)
		}
	}
}

// FuzzFilters turns filters that are right into others of the same meaning, and
// of another, and looks whether Equal tells them apart.
func FuzzFilters(f *testing.F) {
	f.Add(allACLs, "a", "b")
	f.Add(`{"topicFilters":[{"name":"<é>","patternType":"prefixed","filterType":"EXCLUDE"}]}`, "a", "a")
	f.Add("{\n", "\u2028", "")
	f.Fuzz(func(t *testing.T, value, a, b string) {
		for name := range filterSettings {
			if Check(name, value) == nil && strings.TrimSpace(value) != "" {
				checkMeaning(t, name, value)
			}
		}
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		const groups = "consumer.offset.group.filters"
		both := groupFilters(include(a), include(b))
		if valid := Check(groups, both) == nil; valid != (a != "" && b != "") {
			t.Errorf("Check(%q) finds it valid: %v", both, valid)
		} else if valid {
			checkMeaning(t, groups, both)
		}
		if Equal(groups, both, groupFilters(include(a))) != (a == b) {
			t.Errorf("%q and its first filter: equal should be %v", both, a == b)
		}
	})
}

// checkMeaning holds valid filters against the same in another layout, order and
// number, and against the same with one more.
func checkMeaning(t *testing.T, name, value string) {
	t.Helper()
	var parsed map[string][]any
	if err := json.Unmarshal([]byte(value), &parsed); err != nil {
		t.Fatalf("Check takes %q, but it is no filter: %v", value, err)
	}
	for key, filters := range parsed {
		slices.Reverse(filters)
		parsed[key] = append(filters, filters...)
	}
	same, _ := json.MarshalIndent(parsed, "", "\t")
	if !Equal(name, value, string(same)) || Check(name, string(same)) != nil {
		t.Errorf("%s: %q and %q are not equal", name, value, same)
	}
	for key, filters := range parsed {
		parsed[key] = append(filters, map[string]any{"name": "another"})
	}
	other, _ := json.Marshal(parsed)
	if Equal(name, value, string(other)) {
		t.Errorf("%s: %q and %q are equal", name, value, other)
	}
}
