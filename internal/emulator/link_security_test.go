package emulator_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

const scramLogin = "org.apache.kafka.common.security.scram.ScramLoginModule required username='%s' password='%s';"

func newCA(t *testing.T) *emulator.CA {
	t.Helper()
	ca, err := emulator.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// keystore is the settings with which a link presents a certificate of an authority.
func keystore(t *testing.T, ca *emulator.CA) map[string]string {
	t.Helper()
	chain, key, err := ca.Issue("link")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": chain, "ssl.keystore.key": key}
}

// login is the settings of a link that logs in as the user link.
func login(protocol, mechanism, password string) map[string]string {
	module := scramLogin
	if mechanism == "PLAIN" {
		module = plainLogin
	}
	return map[string]string{
		"security.protocol": protocol, "sasl.mechanism": mechanism, "sasl.jaas.config": fmt.Sprintf(module, "link", password),
	}
}

// reach is the settings to reach a cluster, and to trust it if it has TLS.
func reach(c *emulator.Cluster, more ...map[string]string) map[string]string {
	all := map[string]string{"bootstrap.servers": c.BootstrapServers()}
	if ca := c.CACertificate(); ca != "" {
		all["ssl.truststore.type"], all["ssl.truststore.certificates"] = "PEM", ca
	}
	for _, settings := range more {
		maps.Copy(all, settings)
	}
	return all
}

// TestEverySecurityOfLinks creates a link over REST to a source of each kind, and has it carry records.
func TestEverySecurityOfLinks(t *testing.T) {
	t.Parallel()
	ca := newCA(t)
	users := map[string]string{"link": "secret"}
	ssl := map[string]string{"security.protocol": "SSL"}
	for name, test := range map[string]struct {
		source   emulator.Config
		settings []map[string]string
	}{
		"PLAINTEXT":                    {emulator.Config{}, nil},
		"SASL_PLAINTEXT PLAIN":         {emulator.Config{KafkaUsers: users}, []map[string]string{login("SASL_PLAINTEXT", "PLAIN", "secret")}},
		"SASL_PLAINTEXT SCRAM-SHA-256": {emulator.Config{KafkaUsers: users}, []map[string]string{login("SASL_PLAINTEXT", "SCRAM-SHA-256", "secret")}},
		"SASL_PLAINTEXT SCRAM-SHA-512": {emulator.Config{KafkaUsers: users}, []map[string]string{login("SASL_PLAINTEXT", "SCRAM-SHA-512", "secret")}},
		"SSL":                          {emulator.Config{TLS: true}, []map[string]string{ssl}},
		"SASL_SSL PLAIN":               {emulator.Config{TLS: true, KafkaUsers: users}, []map[string]string{login("SASL_SSL", "PLAIN", "secret")}},
		"SASL_SSL SCRAM-SHA-256":       {emulator.Config{TLS: true, KafkaUsers: users}, []map[string]string{login("SASL_SSL", "SCRAM-SHA-256", "secret")}},
		"SASL_SSL SCRAM-SHA-512":       {emulator.Config{TLS: true, KafkaUsers: users}, []map[string]string{login("SASL_SSL", "SCRAM-SHA-512", "secret")}},
		"SSL with certificate":         {emulator.Config{TLS: true, KafkaClientCA: ca}, []map[string]string{ssl, keystore(t, ca)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.source.ClusterID = "lkc-src"
			source := start(t, test.source)
			destination, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
			if err := source.CreateTopic("orders", 1); err != nil {
				t.Fatal(err)
			}
			rest.want(204, "POST", "/links?link_name=demo", object{
				"source_cluster_id": "lkc-src", "configs": settings(reach(source, test.settings...)),
			})
			rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
			if err := source.Produce(testContext(t), "orders", "a", "b"); err != nil {
				t.Fatal(err)
			}
			expectRecords(t, destination, "orders", []string{"a", "b"})
			if link := rest.want(200, "GET", "/links/demo", nil); link["link_state"] != "ACTIVE" {
				t.Errorf("link: %v", link)
			}
		})
	}
}

// TestSecurityThatIsRefused tries links whose settings are well-formed and do not get them in. Without validation they
// are created all the same, and say what is wrong.
func TestSecurityThatIsRefused(t *testing.T) {
	t.Parallel()
	ca := newCA(t)
	mutual := start(t, emulator.Config{ClusterID: "lkc-mtls", TLS: true, KafkaClientCA: ca})
	sasl := start(t, emulator.Config{ClusterID: "lkc-sasl", KafkaUsers: map[string]string{"link": "secret"}})
	_, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	ssl := map[string]string{"security.protocol": "SSL"}
	halfKeystore := keystore(t, ca)
	delete(halfKeystore, "ssl.keystore.key")
	for name, test := range map[string]struct {
		settings     map[string]string
		status, code int
		linkError    string
		says         string
	}{
		"no certificate":       {reach(mutual, ssl), 401, 40101, "AUTHENTICATION_ERROR", "certificate required"},
		"another authority's":  {reach(mutual, ssl, keystore(t, newCA(t))), 401, 40101, "AUTHENTICATION_ERROR", "SSL handshake failed"},
		"certificate, no key":  {reach(mutual, ssl, halfKeystore), 400, 40002, "UNKNOWN", "ssl.keystore.key"},
		"key with a password":  {reach(mutual, ssl, keystore(t, ca), map[string]string{"ssl.key.password": "secret"}), 400, 40002, "UNKNOWN", "ssl.key.password: encrypted keys are not supported"},
		"wrong SCRAM password": {reach(sasl, login("SASL_PLAINTEXT", "SCRAM-SHA-512", "nonsense")), 401, 40101, "AUTHENTICATION_ERROR", "invalid username or password"},
		"OAUTHBEARER": {reach(sasl, map[string]string{
			"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER",
			"sasl.jaas.config":                    "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='id' clientSecret='secret';",
			"sasl.login.callback.handler.class":   "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler",
			"sasl.oauthbearer.token.endpoint.url": "https://login.example.com/token",
		}), 400, 40002, "UNKNOWN", `sasl.mechanism: "OAUTHBEARER" is not supported`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest := *rest
			rest.t = t
			body := object{"configs": settings(test.settings)}
			linkName := strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name)
			link := "/links/" + linkName
			says := rest.refused(test.status, test.code, "POST", "/links?link_name="+linkName, body)
			if !strings.Contains(says, test.says) || strings.Contains(says, "'secret'") {
				t.Errorf("message %q does not say %q, or says too much", says, test.says)
			}
			rest.want(204, "POST", "/links?validate_link=false&link_name="+linkName, body)
			eventually(t, "the link to fail", func() bool { return rest.want(200, "GET", link, nil)["link_state"] == "FAILED" })
			got := rest.want(200, "GET", link, nil)
			if got["link_error"] != test.linkError || !strings.Contains(fmt.Sprint(got["link_error_message"]), test.says) {
				t.Errorf("link: %v", got)
			}
		})
	}
}

// TestSwitchToCertificates changes a link from SASL to a certificate in one call, while records flow.
func TestSwitchToCertificates(t *testing.T) {
	t.Parallel()
	ca := newCA(t)
	source := start(t, emulator.Config{ClusterID: "lkc-src", TLS: true, KafkaClientCA: ca, KafkaUsers: map[string]string{"client": "c", "link": "secret"}})
	destination, rest := plainCluster(t, "lkc-dst", emulator.ConfluentCloud)
	if err := source.CreateTopic("orders", 3); err != nil {
		t.Fatal(err)
	}
	rest.want(204, "POST", "/links?link_name=demo", object{"configs": settings(reach(source, login("SASL_SSL", "PLAIN", "secret")))})
	rest.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders"})
	stop := stream(t, source, "orders", "")
	if _, err := destination.Consume(testContext(t), "orders", 10); err != nil {
		t.Fatal(err)
	}

	alterations := []object{
		{"name": "security.protocol", "value": "SSL", "operation": "SET"},
		{"name": "sasl.mechanism", "operation": "DELETE"},
		{"name": "sasl.jaas.config", "operation": "DELETE"},
	}
	for name, value := range keystore(t, ca) {
		alterations = append(alterations, object{"name": name, "value": value, "operation": "SET"})
	}
	rest.want(204, "PUT", "/links/demo/configs:alter", object{"data": alterations})
	// The user is not needed any more, and a new connection would tell if it were.
	source.Broker().SetPassword("link", "")
	source.Broker().Outage()
	if err := source.Broker().Restore(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the link to be active", func() bool {
		return rest.want(200, "GET", "/links/demo", nil)["link_state"] == "ACTIVE"
	})
	ends := func() (sum int64) {
		ends, err := destination.Broker().LogEnds(testContext(t), "orders")
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range ends {
			sum += end
		}
		return sum
	}
	before := ends()
	eventually(t, "more records", func() bool { return ends() > before })
	expectRecords(t, destination, "orders", stop())
	if configs := rows(rest.want(200, "GET", "/links/demo/configs", nil), "name"); configs["ssl.keystore.key"]["value"] != nil ||
		configs["security.protocol"]["value"] != "SSL" || configs["sasl.mechanism"]["is_default"] != true {
		t.Errorf("settings: %v", configs)
	}
	checkNoSecrets(t, destination, "secret", "BEGIN PRIVATE KEY", "BEGIN CERTIFICATE")
}
