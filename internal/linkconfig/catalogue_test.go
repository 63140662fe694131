package linkconfig

import (
	"slices"
	"strings"
	"testing"
)

func TestCatalogue(t *testing.T) {
	t.Parallel()
	all := All()
	if len(all) < 70 {
		t.Fatalf("%d settings, want the whole catalogue", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not sorted by name, so Lookup cannot find all")
	}
	for i, setting := range all {
		if i > 0 && all[i-1].Name == setting.Name {
			t.Errorf("%s is there twice", setting.Name)
		}
		found, ok := Lookup(setting.Name)
		if !ok || found.Name != setting.Name {
			t.Errorf("Lookup(%q) = %v, %v", setting.Name, found, ok)
		}
		checkSetting(t, setting)
	}
}

// checkSetting holds what is said of a setting against the rest of what is said.
func checkSetting(t *testing.T, s Setting) {
	t.Helper()
	if s.HasDefault {
		if err := Check(s.Name, s.Default); err != nil {
			t.Errorf("%s: its own default %v", s.Name, err)
		}
		if !IsDefault(s.Name, s.Default) {
			t.Errorf("%s: its own default is no default", s.Name)
		}
	}
	if s.Default != "" && !s.HasDefault {
		t.Errorf("%s: a default that does not count", s.Name)
	}
	if s.Secret && s.HasDefault {
		t.Errorf("%s: a secret with a default", s.Name)
	}
	if (s.Type == Mode) && s.Values == nil {
		t.Errorf("%s: a mode without values", s.Name)
	}
	if _, isFilter := filterSettings[s.Name]; isFilter != (s.Type == JSON) || isFilter != (s.EnabledBy != "") {
		t.Errorf("%s: filters without shape or sync, or the other way round", s.Name)
	}
	if enabling, _ := Lookup(s.EnabledBy); s.EnabledBy != "" && enabling.Type != Boolean {
		t.Errorf("%s: enabled by %q, which is no boolean", s.Name, s.EnabledBy)
	}
	if IsMode(s.Name) && (s.Type != Mode || !s.Immutable) {
		t.Errorf("%s: a mode that is not fixed", s.Name)
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	setting, ok := Lookup("acl.sync.ms")
	if !ok || setting.Type != Number || setting.Default != "5000" || setting.Min != 1000 {
		t.Errorf("acl.sync.ms = %+v, %v", setting, ok)
	}
	setting, ok = Lookup("acl.filters")
	if !ok || !setting.HasDefault || setting.Default != "" || setting.EnabledBy != "acl.sync.enable" {
		t.Errorf("acl.filters = %+v, %v", setting, ok)
	}
	for _, name := range []string{"", "acl", "acl.sync.ms ", "ACL.SYNC.MS", "zzz"} {
		if setting, ok := Lookup(name); ok || setting.Name != "" {
			t.Errorf("Lookup(%q) = %+v, %v", name, setting, ok)
		}
	}
}

func TestAllIsACopy(t *testing.T) {
	t.Parallel()
	All()[0].Name = "changed"
	if All()[0].Name != "acl.filters" {
		t.Error("a caller of All changed the catalogue")
	}
}

func TestIsMode(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"link.mode": true, "connection.mode": true, "remote.link.connection.mode": false, "mode": false, "": false,
	} {
		if got := IsMode(name); got != want {
			t.Errorf("IsMode(%q) = %v", name, got)
		}
	}
}

func TestIsSecret(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		// known
		"sasl.jaas.config":                   true,
		"local.sasl.jaas.config":             true,
		"ssl.keystore.key":                   true,
		"ssl.truststore.certificates":        true,
		"ssl.truststore.password":            true,
		"ssl.truststore.location":            false,
		"ssl.truststore.type":                false,
		"sasl.mechanism":                     false,
		"sasl.oauthbearer.jwks.endpoint.url": false,
		"bootstrap.servers":                  false,
		// not known
		"local.ssl.keystore.password":                           true,
		"local.ssl.truststore.password":                         true,
		"remote.sasl.jaas.config":                               true,
		"listener.name.external.ssl.keystore.key":               true,
		"listener.name.external.ssl.keystore.certificate.chain": true,
		"sasl.oauthbearer.client.credentials.client.secret":     true,
		"sasl.oauthbearer.client.credentials.client.id":         false,
		"sasl.oauthbearer.assertion.private.key.passphrase":     true,
		"local.sasl.oauthbearer.token.endpoint.url":             false,
		"basic.auth.user.info":                                  true,
		"basic.auth.credentials.source":                         false,
		"delegation.token.secret.key":                           true,
		"password":                                              true,
		"Password":                                              true,
		"SASL.JAAS.CONFIG":                                      true,
		"sasl_jaas_config":                                      true,
		"client-secret":                                         true,
		"local.ssl.keystore.location":                           false,
		"password.encoder.iterations":                           false,
		"nopassword":                                            false,
		"ssl.keystore.key.location":                             false,
		"key":                                                   false,
		"":                                                      false,
	} {
		if got := IsSecret(name); got != want {
			t.Errorf("IsSecret(%q) = %v", name, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"bootstrap.server":                 "bootstrap.servers",
		"bootstrap_servers":                "bootstrap.servers",
		"Security.Protocol":                "security.protocol",
		"securty.protocl":                  "security.protocol",
		"sasl.mechanisms":                  "sasl.mechanism",
		"consumer.offset.sync.enabled":     "consumer.offset.sync.enable",
		"auto_create_mirror_topics_enable": "auto.create.mirror.topics.enable",
		"link.mod":                         "link.mode",
		"acl.sync.ms":                      "acl.sync.ms",
		"local.ssl.keystore.location":      "",
		"retention.ms":                     "",
		"mode":                             "",
		"ms":                               "",
		"":                                 "",
	} {
		got, ok := Nearest(name)
		if got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %v, want %q", name, got, ok, want)
		}
	}
}

func TestIsDefault(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, value string
		want        bool
	}{
		{"acl.sync.ms", "5000", true},
		{"acl.sync.ms", "5001", false},
		{"acl.sync.enable", "False", true},
		{"acl.sync.enable", "true", false},
		{"ssl.enabled.protocols", "TLSv1.2, TLSv1.3", true},
		{"ssl.enabled.protocols", "TLSv1.3", false},
		{"acl.filters", "", true},
		{"acl.filters", `{"aclFilters": []}`, true},
		{"acl.filters", allACLs, false},
		{"link.mode", "DESTINATION", true},
		{"replica.socket.receive.buffer.bytes", "-1", true},
		{"bootstrap.servers", "", false}, // has no default
		{"nobody.knows", "", false},
	} {
		if got := IsDefault(test.name, test.value); got != test.want {
			t.Errorf("IsDefault(%q, %q) = %v", test.name, test.value, got)
		}
	}
}
