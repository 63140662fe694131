package linkconfig

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, want string }{
		{"acl.sync.enable", "true", ""},
		{"acl.sync.enable", " False ", ""}, // Kafka ignores case and blanks
		{"acl.sync.enable", "yes", "must be true or false"},
		{"acl.sync.enable", "1", "must be true or false"},
		{"acl.sync.enable", "", "must be true or false"},

		{"acl.sync.ms", "1000", ""},
		{"acl.sync.ms", " 1000 ", ""},
		{"acl.sync.ms", "999", "must be at least 1000"},
		{"acl.sync.ms", "-1", "must be at least 1000"},
		{"acl.sync.ms", "5s", "must be a whole number"},
		{"acl.sync.ms", "5000.0", "must be a whole number"},
		{"acl.sync.ms", "0x1000", "must be a whole number"},
		{"acl.sync.ms", "5_000", "must be a whole number"},
		{"acl.sync.ms", "", "must be a whole number"},
		{"acl.sync.ms", "9223372036854775808", "must be a whole number"},
		{"topic.config.sync.ms", "1", ""}, // its minimum is not known
		{"replica.socket.receive.buffer.bytes", "-1", ""},

		{"security.protocol", "SASL_SSL", ""},
		{"security.protocol", "sasl_ssl", ""},
		{"security.protocol", "SASL-SSL", "must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"},
		{"local.security.protocol", "TLS", "must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"},
		{"link.mode", "TARGET", "must be DESTINATION, SOURCE or BIDIRECTIONAL"},
		{"remote.link.connection.mode", "BOTH", "must be OUTBOUND or INBOUND"},

		// open sets are the server's to judge
		{"sasl.mechanism", "AWS_MSK_IAM", ""},
		{"mirror.start.offset.spec", "2024-01-01T00:00:00Z", ""},
		{"topic.config.sync.include", "", ""},
		{"ssl.keystore.type", "DER", ""},
		{"nobody.knows", "anything", ""},
		{"nobody.knows.enable", "maybe", ""},
	} {
		if got := errorText(Check(test.name, test.value)); got != test.want {
			t.Errorf("Check(%q, %q): %q, want %q", test.name, test.value, got, test.want)
		}
	}
}

func TestCheckDoesNotRepeatTheValue(t *testing.T) {
	t.Parallel()
	judged := 0
	for _, setting := range All() {
		for _, value := range []string{"Hunter2", `{"aclFilters":"Hunter2"}`, `{"topicFilters":[{"name":"a","patternType":"Hunter2"}]}`} {
			err := Check(setting.Name, value)
			if err == nil {
				continue
			}
			judged++
			if strings.Contains(err.Error(), "Hunter2") {
				t.Errorf("%s: the error shows the value: %v", setting.Name, err)
			}
		}
	}
	if judged == 0 {
		t.Error("no setting minds a wrong value")
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	const acls, groups = "acl.filters", "consumer.offset.group.filters"
	for _, test := range []struct {
		name, a, b string
		want       bool
	}{
		{"acl.sync.enable", "true", "TRUE", true},
		{"acl.sync.enable", "true", " true", true},
		{"acl.sync.enable", "true", "false", false},
		{"acl.sync.enable", "yes", "YES", false},
		{"acl.sync.enable", "yes", "no", false},
		{"acl.sync.enable", "false", "", false},

		{"ssl.cipher.suites", "A,B", " A , B ", true},
		{"ssl.cipher.suites", "A,B", "B,A", false}, // the first is preferred
		{"ssl.cipher.suites", "A,B", "A", false},
		{"ssl.cipher.suites", "", " ", true},
		{"ssl.cipher.suites", "A,", "A", false},

		{acls, allACLs, `{"aclFilters":[{"accessFilter":{"permissionType":"any","operation":"any"},
			"resourceFilter":{"patternType":"any","resourceType":"any"}}]}`, true},
		{acls, allACLs, strings.Replace(allACLs, `"any"`, `"topic"`, 1), false},
		{acls, allACLs, "", false},
		{acls, "", `{"aclFilters":[]}`, true},
		{acls, "", "{}", true},
		{acls, "", "[]", false},
		{acls, "", "null", false},
		{groups, groupFilters(include("a"), include("b")), groupFilters(include("b"), include("a")), true},
		{groups, groupFilters(include("a"), include("a")), groupFilters(include("a")), true},
		{groups, groupFilters(include("a")), groupFilters(include("b")), false},
		{groups, groupFilters(include("a")), groupFilters(include("a"), include("b")), false},
		{groups, strings.Replace(groupFilters(include("a")), `"a"`, `"\u0061"`, 1), groupFilters(include("a")), true},
		{groups, `{"groupFilters":["{\"a\":1}"]}`, `{"groupFilters":[{"a":1}]}`, false},
		{groups, `{"groupFilters":[`, `{ "groupFilters":[`, false},

		{"bootstrap.servers", "a:1,b:2", "a:1, b:2", false}, // text, which servers give back as it was
		{"sasl.mechanism", "PLAIN", "plain", false},
		{"acl.sync.ms", "5000", "5000", true},
		{"nobody.knows", "true", "TRUE", false},
		{"nobody.knows", "", "", true},
	} {
		if got := Equal(test.name, test.a, test.b); got != test.want {
			t.Errorf("Equal(%q, %q, %q) = %v", test.name, test.a, test.b, got)
		}
		if Equal(test.name, test.b, test.a) != test.want {
			t.Errorf("Equal(%q, %q, %q) is not symmetric", test.name, test.a, test.b)
		}
	}
}

func FuzzEqual(f *testing.F) {
	names := []string{"acl.sync.enable", "acl.sync.ms", "ssl.cipher.suites", "acl.filters", "security.protocol", "link.mode"}
	f.Add(0, "true", " TRUE")
	f.Add(1, "5000", "05000")
	f.Add(2, "A, B", "A,B")
	f.Add(3, allACLs, `{"aclFilters":[]}`)
	f.Add(3, "", "{}")
	f.Add(4, "PLAINTEXT", "plaintext")
	f.Fuzz(func(t *testing.T, index int, a, b string) {
		if index < 0 || index >= len(names) {
			t.Skip()
		}
		name := names[index]
		if !Equal(name, a, a) || !Equal(name, b, b) {
			t.Errorf("%s: %q or %q is not equal to itself", name, a, b)
		}
		equal := Equal(name, a, b)
		if equal != Equal(name, b, a) {
			t.Errorf("%s: %q and %q are equal one way round only", name, a, b)
		}
		if equal && IsDefault(name, a) != IsDefault(name, b) {
			t.Errorf("%s: of the equal %q and %q only one is the default", name, a, b)
		}
	})
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
