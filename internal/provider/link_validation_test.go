package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

func TestPlanFailsWhereTheServerWouldRefuseTheLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wrongPassword := strings.Replace(w.config(demoLink("")), `"PLAIN", "linker", "kafka-password-1"`, `"PLAIN", "linker", "wrong-password-1"`, 1)
	acceptance(t,
		refused(wrongPassword, `"sasl.jaas.config"`),
		refused(wrongPassword, `Unable to validate cluster link`),
		refused(strings.Replace(w.config(demoLink("")), w.source.BootstrapServers(), "127.0.0.1:1", 1), `"bootstrap.servers"`),
		refused(w.config(strings.Replace(demoLink(""), `"lkc-source"`, `"lkc-other"`, 1)), `remote_cluster_id`),
		refused(w.config(strings.Replace(demoLink(""), `"security.protocol"`, `"metadata.max.age.ms" = "-7"
    "security.protocol"`, 1)), `metadata.max.age.ms`),
	)
	if made := changes(w.destination); len(made) > 0 {
		t.Errorf("planning changed something: %v", made)
	}
}

func TestPlanFailsWhereTheServerWouldRefuseAChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	changed := strings.Replace(demoLink(""), `"security.protocol"`, `"acl.sync.ms" = "1000"
    "security.protocol"`, 1)
	w.destination.Inject(emulator.Fault{
		Method: "PUT", Path: `configs:alter`, After: 2, Status: 400, Body: `{"error_code":40002,"message":"Invalid value for acl.sync.ms"}`,
	})
	acceptance(t,
		resource.TestStep{Config: w.config(demoLink(""))},
		resource.TestStep{Config: w.config(changed)},
		refused(w.config(strings.Replace(changed, `"1000"`, `"2000"`, 1)), `Invalid value for acl.sync.ms`),
	)
	if made := calls(w.destination, `PUT .*configs:alter$`); len(made) != 1 {
		t.Errorf("settings changed by %v, want one call", made)
	}
}

func TestPlanWithoutValidationAsksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := strings.Replace(w.config(demoLink("")+demoMirror("")), "endpoints = {", "plan_validation = false\n  endpoints = {", 1)
	acceptance(t, resource.TestStep{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true})
	if made := w.destination.Requests(); len(made) > 0 {
		t.Errorf("planning asked: %v", made)
	}
}

func TestPlanOfAPairIsNotValidatedBeforeItsOtherHalfExists(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acceptance(t, resource.TestStep{Config: w.config(sourceInitiated), PlanOnly: true, ExpectNonEmptyPlan: true})
	if asked := calls(w.source, `POST`); len(asked) > 0 {
		t.Errorf("the outbound half was validated: %v", asked)
	}
	acceptance(t, resource.TestStep{Config: w.config(sourceInitiated)})
}

// sourceInitiated is a pair of links that the source dials.
const sourceInitiated = `
resource "clusterlink_link" "inbound" {
  endpoint          = "destination"
  link_name         = "pair"
  link_mode         = "DESTINATION"
  connection_mode   = "INBOUND"
  remote_cluster_id = "lkc-source"
}
resource "clusterlink_link" "outbound" {
  endpoint          = "source"
  link_name         = clusterlink_link.inbound.link_name
  link_mode         = "SOURCE"
  connection_mode   = "OUTBOUND"
  remote_cluster_id = "lkc-destination"
  config = {
    "bootstrap.servers"         = "DESTINATION_BOOTSTRAP"
    "security.protocol"         = "SASL_SSL"
    "sasl.mechanism"            = "PLAIN"
    "ssl.truststore.type"       = "PEM"
    "local.security.protocol"   = "SASL_SSL"
    "local.sasl.mechanism"      = "PLAIN"
    "local.ssl.truststore.type" = "PEM"
  }
  sensitive_config_wo = {
    "sasl.jaas.config"                  = JAAS
    "ssl.truststore.certificates"       = DESTINATION_CA
    "local.sasl.jaas.config"            = JAAS
    "local.ssl.truststore.certificates" = SOURCE_CA
  }
  sensitive_config_wo_version = 1
}
`

func TestTheRefusedCredentialIsBlamed(t *testing.T) {
	t.Parallel()
	refused := fmt.Errorf("refused: %w", kafkarest.ErrLinkRefused)
	secrets := path.Root("sensitive_config_wo")
	for name, c := range map[string]struct {
		secrets types.Map
		words   string
		want    path.Path
	}{
		"a login":              {settingsOf("sasl.jaas.config=x"), "authentication failed", secrets.AtMapKey("sasl.jaas.config")},
		"one of two logins":    {settingsOf("sasl.jaas.config=x", "local.sasl.jaas.config=y"), "authentication failed", secrets},
		"a certificate":        {settingsOf("ssl.keystore.certificate.chain=x"), "authentication failed", secrets.AtMapKey("ssl.keystore.certificate.chain")},
		"a server not trusted": {settingsOf("ssl.truststore.certificates=x", "sasl.jaas.config=y"), "ssl handshake failed", secrets.AtMapKey("ssl.truststore.certificates")},
		"none":                 {noSettings, "authentication failed", path.Root("config")},
	} {
		m := linkModel{Config: noSettings, SensitiveConfig: noSettings, SensitiveConfigWO: c.secrets}
		if got := m.placeOfCredential(c.words); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := m.attributeAtFault(refused); c.words == "authentication failed" && !got.Equal(c.want) {
			t.Errorf("%s: at %s, want %s", name, got, c.want)
		}
	}
}
