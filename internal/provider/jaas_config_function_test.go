package provider

import (
	"fmt"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

func TestJAASConfigIsTheLineOfTheMechanism(t *testing.T) {
	t.Parallel()
	c := newCLI(t, `
output "plain" { value = provider::clusterlink::jaas_config("PLAIN", "user", "secret") }
output "scram" { value = [for m in ["SCRAM-SHA-256", "SCRAM-SHA-512"] : provider::clusterlink::jaas_config(m, "user", "secret")] }
output "odd"   { value = provider::clusterlink::jaas_config("PLAIN", "DOMAIN\\user", "a\"b\\c;d=e'f g") }
`)
	c.succeeds("apply", "-auto-approve")
	c.output("plain", `"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"user\" password=\"secret\";"`)
	const scram = `"org.apache.kafka.common.security.scram.ScramLoginModule required username=\"user\" password=\"secret\";"`
	c.output("scram", "["+scram+", "+scram+"]")
	c.output("odd", `"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"DOMAIN\\\\user\" password=\"a\\\"b\\\\c;d=e'f g\";"`)
}

func TestJAASConfigSaysWhichArgumentIsWrong(t *testing.T) {
	t.Parallel()
	for arguments, words := range map[string][]string{
		`"GSSAPI", "user", "secret"`:         {`Invalid value for "mechanism" parameter`, "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
		`"plain", "user", "secret"`:          {`Invalid value for "mechanism" parameter`},
		`"", "user", "secret"`:               {`Invalid value for "mechanism" parameter`},
		`"PLAIN", "user\n", "secret"`:        {`Invalid value for "username" parameter`, "line break"},
		`"PLAIN", "user", "secret\n"`:        {`Invalid value for "password" parameter`, "line break"},
		`"SCRAM-SHA-512", null, "secret"`:    {`Invalid value for "username" parameter`, "null"},
		`"SCRAM-SHA-256", "user", "a\rline"`: {`Invalid value for "password" parameter`},
	} {
		c := newCLI(t, `output "line" { value = provider::clusterlink::jaas_config(`+arguments+`) }`)
		says(t, c.fails("plan"), words...)
	}
}

func TestJAASConfigOfAwkwardCredentialsLogsIn(t *testing.T) {
	t.Parallel()
	const user, password = `DOMAIN\us"er`, `a"b\c;d=e'f g\\"`
	start := func(id string, users map[string]string) *emulator.Cluster {
		return emulatortest.Start(t, emulator.Config{ClusterID: id, KafkaUsers: users})
	}
	source, destination := start("lkc-source", map[string]string{user: password}), start("lkc-destination", nil)
	c := newCLI(t, fmt.Sprintf(`
provider "clusterlink" {
  endpoints = { destination = { rest_endpoint = %q } }
}
resource "clusterlink_link" "all" {
  for_each  = toset(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
  link_name = each.value
  config = {
    "bootstrap.servers" = %q
    "security.protocol" = "SASL_PLAINTEXT"
    "sasl.mechanism"    = each.value
  }
  sensitive_config_wo = {
    "sasl.jaas.config" = provider::clusterlink::jaas_config(each.value, %q, %q)
  }
  sensitive_config_wo_version = 1
}
output "errors" { value = values(clusterlink_link.all)[*].link_error }
`, destination.RESTEndpoint(), source.BootstrapServers(), user, password))
	c.applies(3)
	c.output("errors", `["NO_ERROR", "NO_ERROR", "NO_ERROR"]`)
}
