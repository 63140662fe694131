package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

const linkUser, linkPassword = "link", "link-password-1"

var linkUsers = map[string]string{linkUser: linkPassword}

// newSecuredPair is a pair whose source admits only who its configuration says.
func newSecuredPair(t *testing.T, source emulator.Config) *pair {
	t.Helper()
	p := &pair{}
	network := emulator.NewNetwork()
	source.ClusterID, source.Network = "lkc-source", network
	for at, config := range map[**emulator.Cluster]emulator.Config{
		&p.source: source, &p.destination: {ClusterID: "lkc-destination", Network: network},
	} {
		*at = emulatortest.Start(t, config)
	}
	p.life = newLife(t, linkType, p.endpoints())
	return p
}

func newCA(t *testing.T) *emulator.CA {
	t.Helper()
	ca, err := emulator.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// keystore is a certificate of an authority, as the settings of a link.
func keystore(t *testing.T, ca *emulator.CA) attrs {
	t.Helper()
	chain, key, err := ca.Issue("link")
	if err != nil {
		t.Fatal(err)
	}
	return attrs{"ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": chain, "ssl.keystore.key": key}
}

// login is a user of the source, as the settings of a link.
func login(t *testing.T, protocol, mechanism, user, password string) attrs {
	t.Helper()
	line, err := linkconfig.JAAS(mechanism, user, password)
	if err != nil {
		t.Fatal(err)
	}
	return attrs{"security.protocol": protocol, "sasl.mechanism": mechanism, "sasl.jaas.config": line}
}

// trusting is settings with those to trust the source.
func (p *pair) trusting(settings attrs) attrs {
	return attrs{"ssl.truststore.type": "PEM", "ssl.truststore.certificates": p.source.CACertificate()}.with(settings)
}

// secured is a link with these settings: secrets in the write-only map, others
// in config.
func (p *pair) secured(settings attrs, version int) attrs {
	config, secrets := attrs{}, attrs{}
	for name, v := range settings {
		if linkconfig.IsSecret(name) {
			secrets[name] = v
		} else {
			config[name] = v
		}
	}
	if len(secrets) == 0 {
		return p.link(config, nil)
	}
	return p.link(config, attrs{"sensitive_config_wo": secrets, "sensitive_config_wo_version": version})
}

// hides fails the test where a secret of the settings is in the state or in what
// the provider keeps beside it.
func (p *pair) hides(settings attrs) {
	p.t.Helper()
	kept := p.state.String() + string(p.private)
	for name, v := range settings {
		text := v.(string)
		if linkconfig.IsSecret(name) && (strings.Contains(kept, text) || strings.Contains(kept, strings.Trim(fmt.Sprintf("%q", text), `"`))) {
			p.t.Errorf("the secret %q is kept: %s", name, kept)
		}
	}
}

// sentSettings are the settings of the link that was created on the destination.
func (p *pair) sentSettings() map[string]any {
	p.t.Helper()
	links := newLinks(p.t, p.destination)
	if len(links) != 1 {
		p.t.Fatalf("created %v", links)
	}
	return links[0]["configs"].(map[string]any)
}

// redacted is settings as the emulator records them.
func redacted(settings attrs) map[string]any {
	recorded := map[string]any{}
	for name, v := range settings {
		recorded[name] = v
		if linkconfig.IsSecret(name) {
			recorded[name] = "(redacted)"
		}
	}
	return recorded
}

func TestEverySecurityOfLinks(t *testing.T) {
	t.Parallel()
	ca := newCA(t)
	tls, sasl, saslTLS := emulator.Config{TLS: true}, emulator.Config{KafkaUsers: linkUsers}, emulator.Config{TLS: true, KafkaUsers: linkUsers}
	ssl := attrs{"security.protocol": "SSL"}
	for name, c := range map[string]struct {
		source   emulator.Config
		settings attrs
	}{
		"PLAINTEXT, by default":        {emulator.Config{}, attrs{}},
		"PLAINTEXT":                    {emulator.Config{}, attrs{"security.protocol": "PLAINTEXT"}},
		"SASL_PLAINTEXT PLAIN":         {sasl, login(t, "SASL_PLAINTEXT", "PLAIN", linkUser, linkPassword)},
		"SASL_PLAINTEXT SCRAM-SHA-256": {sasl, login(t, "SASL_PLAINTEXT", "SCRAM-SHA-256", linkUser, linkPassword)},
		"SASL_PLAINTEXT SCRAM-SHA-512": {sasl, login(t, "SASL_PLAINTEXT", "SCRAM-SHA-512", linkUser, linkPassword)},
		"SSL":                          {tls, ssl},
		"SASL_SSL PLAIN":               {saslTLS, login(t, "SASL_SSL", "PLAIN", linkUser, linkPassword)},
		"SASL_SSL SCRAM-SHA-256":       {saslTLS, login(t, "SASL_SSL", "SCRAM-SHA-256", linkUser, linkPassword)},
		"SASL_SSL SCRAM-SHA-512":       {saslTLS, login(t, "SASL_SSL", "SCRAM-SHA-512", linkUser, linkPassword)},
		"SSL with a certificate":       {emulator.Config{TLS: true, KafkaClientCA: ca}, ssl.with(keystore(t, ca))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newSecuredPair(t, c.source)
			settings := c.settings
			if c.source.TLS {
				settings = p.trusting(settings)
			}
			config := p.secured(settings, 1)
			expectDiagnostics(t, p.validate(config))
			expectDiagnostics(t, p.apply(config))
			p.expectState(attrs{"link_state": "ACTIVE", "link_error": "NO_ERROR", "config": config["config"], "sensitive_config_wo": nil})
			p.hides(settings)
			want := redacted(settings.with(attrs{bootstrapSetting: p.source.BootstrapServers()}))
			if sent := p.sentSettings(); !maps.Equal(sent, want) {
				t.Errorf("sent %v, want %v", sent, want)
			}
			if asked := calls(p.destination, `^POST .*validate_only=true`); len(asked) != 1 {
				t.Errorf("validated by %q", asked)
			}
			p.mirror("orders")
			p.writes(p.source, "orders", "1", "2")
			p.reads(p.destination, "orders", "1", "2")
			expectDiagnostics(t, p.refresh())
			p.expectUnchanged(config)
		})
	}
}

// The emulator does not log in by OAUTHBEARER: this is about what is sent and kept.
func TestSettingsOfOAUTHBEARERAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	p := newSecuredPair(t, emulator.Config{KafkaUsers: linkUsers})
	settings := attrs{
		"security.protocol":                   "SASL_PLAINTEXT",
		"sasl.mechanism":                      "OAUTHBEARER",
		"sasl.login.callback.handler.class":   "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler",
		"sasl.oauthbearer.token.endpoint.url": "https://login.example.com/token",
		"sasl.jaas.config": `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId="link" clientSecret="oauth-secret-1" ` +
			`extension_logicalCluster="lkc-source" extension_identityPoolId="pool-1";`,
	}
	config := p.secured(settings, 1).with(attrs{"validate_link": false})
	expectDiagnostics(t, p.validate(config))
	expectDiagnostics(t, p.apply(config))
	p.hides(settings)
	want := redacted(settings.with(attrs{bootstrapSetting: p.source.BootstrapServers()}))
	sent := bodies(p.destination, `^POST /links\?link_name=demo-link&validate_link=false$`)
	var body struct {
		Configs []struct{ Name, Value string }
	}
	if len(sent) != 1 || json.Unmarshal([]byte(sent[0]), &body) != nil {
		t.Fatalf("sent %q", sent)
	}
	got := map[string]any{}
	for _, s := range body.Configs {
		got[s.Name] = s.Value
	}
	if !maps.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	expectDiagnostics(t, p.refresh())
	p.expectUnchanged(config)
}

// A link that the remote cluster does not let in fails the plan, at what it came with.
func TestSecurityThatIsRefusedFailsThePlanWhereItIsWrong(t *testing.T) {
	t.Parallel()
	ca := newCA(t)
	mutual, sasl := emulator.Config{TLS: true, KafkaClientCA: ca}, emulator.Config{TLS: true, KafkaUsers: linkUsers}
	ssl := attrs{"security.protocol": "SSL"}
	const secret = "error at sensitive_config_wo"
	for name, c := range map[string]struct {
		source   emulator.Config
		settings attrs
		want     string
	}{
		"a wrong password": {sasl, login(t, "SASL_SSL", "PLAIN", linkUser, "wrong"), secret + `["sasl.jaas.config"]: Link refused by the server: Unable to validate cluster link: It is the link's`},
		"a wrong password of SCRAM": {sasl, login(t, "SASL_SSL", "SCRAM-SHA-512", linkUser, "wrong"),
			secret + `["sasl.jaas.config"]: Link refused by the server: Unable to validate cluster link`},
		"nobody": {sasl, login(t, "SASL_SSL", "SCRAM-SHA-256", "nobody", linkPassword), secret + `["sasl.jaas.config"]: Link refused by the server`},
		"a certificate of another authority": {mutual, ssl.with(keystore(t, newCA(t))),
			secret + `["ssl.keystore.certificate.chain"]: Link refused by the server: SSL handshake failed`},
		"no certificate": {mutual, ssl, `error at config["security.protocol"]: Link refused by the server: SSL handshake failed`},
		"a source that is not trusted": {mutual, ssl.with(keystore(t, ca)).with(attrs{"ssl.truststore.certificates": newCA(t).Certificate()}),
			secret + `["ssl.truststore.certificates"]: Link refused by the server: SSL handshake failed`},
		"a source that is not trusted, by password": {sasl, login(t, "SASL_SSL", "PLAIN", linkUser, linkPassword).with(attrs{"ssl.truststore.certificates": newCA(t).Certificate()}),
			secret + `["ssl.truststore.certificates"]: Link refused by the server: SSL handshake failed`},
		"a mechanism that is not there": {sasl, login(t, "SASL_SSL", "PLAIN", linkUser, linkPassword).with(attrs{"sasl.mechanism": "OAUTHBEARER"}),
			`error at config["sasl.mechanism"]: Link refused by the server: "OAUTHBEARER" is not supported`},
		"a key that is encrypted": {mutual, ssl.with(keystore(t, ca)).with(attrs{"ssl.key.password": "key-password-1"}),
			secret + `["ssl.key.password"]: Link refused by the server: encrypted keys are not supported`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newSecuredPair(t, c.source)
			config := p.secured(p.trusting(c.settings), 1)
			planned := p.plan(config)
			expectDiagnostics(t, planned.diagnostics, c.want)
			for _, d := range planned.diagnostics {
				for name, v := range c.settings {
					if linkconfig.IsSecret(name) && strings.Contains(told(d), v.(string)) {
						t.Errorf("%s is told: %s", name, told(d))
					}
				}
			}
			if made := changes(p.destination); len(made) > 0 {
				t.Errorf("planning changed %q", made)
			}
		})
	}
}

// Whichever map a secret moves to, and whatever happens to the version, it is
// set from there and never reset: the link goes on, and a new login succeeds.
func TestSecretThatMovesBetweenMapsIsNeverDropped(t *testing.T) {
	t.Parallel()
	p := newSecuredPair(t, emulator.Config{KafkaUsers: linkUsers})
	settings := login(t, "SASL_PLAINTEXT", "PLAIN", linkUser, linkPassword)
	config := attrs{"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
	jaas := attrs{jaasSetting: settings[jaasSetting]}
	other := attrs{"ssl.key.password": "key-password-1"}
	places := []struct {
		name, sent string // sent besides the jaas line
		place      attrs
	}{
		{"write-only", "", attrs{"sensitive_config_wo": jaas, "sensitive_config_wo_version": 1}},
		{"to sensitive_config, the other map gone", "", attrs{"sensitive_config": jaas}},
		{"back, without a version", "", attrs{"sensitive_config_wo": jaas}},
		{"to sensitive_config, beside another secret", "ssl.key.password", attrs{"sensitive_config": jaas, "sensitive_config_wo": other}},
		{"both change places", "ssl.key.password", attrs{"sensitive_config": other, "sensitive_config_wo": jaas}},
		{"and again, with a version", "ssl.key.password", attrs{"sensitive_config": jaas, "sensitive_config_wo": other, "sensitive_config_wo_version": 2}},
		{"into the map that is sent anew", "ssl.key.password", attrs{"sensitive_config_wo": jaas.with(other), "sensitive_config_wo_version": 3}},
		{"out of the map that is sent anew", "ssl.key.password", attrs{"sensitive_config": jaas, "sensitive_config_wo": other, "sensitive_config_wo_version": 4}},
	}
	p.create(p.link(config, places[0].place))
	p.mirror("orders")
	var written []string
	for _, to := range places[1:] {
		p.destination.ResetRequests()
		expectDiagnostics(t, p.apply(p.link(config, to.place)))
		want := fmt.Sprintf(`{"name":%q,"operation":"SET","value":"(redacted)"}`, jaasSetting)
		if to.sent != "" {
			want += fmt.Sprintf(`,{"name":%q,"operation":"SET","value":"(redacted)"}`, to.sent)
		}
		if sent := bodies(p.destination, alter+"$"); !slices.Equal(sent, []string{`{"data":[` + want + `]}`}) {
			t.Errorf("%s: sent %q, want %s", to.name, sent, want)
		}
		if made := changes(p.destination); len(made) != 1 {
			t.Errorf("%s: changed by %q", to.name, made)
		}
		p.relogin()
		written = append(written, to.name)
		p.writes(p.source, "orders", to.name)
		p.reads(p.destination, "orders", written...)
		expectDiagnostics(t, p.refresh())
		p.expectUnchanged(p.link(config, to.place))
	}
}
