//go:build unix

package provider

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/figures"
)

// plantedSecret is a value that is planted somewhere.
type plantedSecret struct {
	variable, value string
	inState         bool // it is in sensitive_config, which Terraform keeps in its state
}

// forms are what of a secret must be nowhere: as it is, and as JSON, URLs and
// HTTP write it; of a key, each line.
func (s plantedSecret) forms() []string {
	if strings.Contains(s.value, "PRIVATE KEY") {
		return slices.DeleteFunc(strings.Split(s.value, "\n"), func(line string) bool { return len(line) < 16 || strings.HasPrefix(line, "---") })
	}
	quoted, _ := json.Marshal(s.value)
	return []string{
		s.value, string(quoted[1 : len(quoted)-1]), url.QueryEscape(s.value), base64.StdEncoding.EncodeToString([]byte(s.value)),
		base64.StdEncoding.EncodeToString([]byte(restUser + ":" + s.value)),
	}
}

// vault is two clusters to which nobody comes without a secret, and a CLI that
// runs with every log switched on. All that it says is kept.
type vault struct {
	*cli
	source, destination *emulator.Cluster
	secrets             []plantedSecret
	searched            map[string]bool // kinds of places
}

const (
	logFile, saidFile = "trace.log", "said.txt"

	firstLink, secondLink = "planted-kafka-\"password\"-1", "planted-kafka-\"password\"-2"
)

func newVault(t *testing.T) *vault {
	t.Helper()
	ca := newCA(t)
	network := emulator.NewNetwork()
	start := func(cfg emulator.Config) *emulator.Cluster {
		cfg.TLS, cfg.Network = true, network
		return emulatortest.Start(t, cfg)
	}
	v := &vault{cli: newCLI(t, ""), searched: map[string]bool{}}
	v.source = start(emulator.Config{ClusterID: "lkc-source", Tokens: []string{"planted-bearer-token"}, KafkaUsers: map[string]string{"first": firstLink, "second": secondLink}})
	v.destination = start(emulator.Config{ClusterID: "lkc-destination", Users: map[string]string{restUser: "planted-rest-password"}, ClientCA: ca.Certificate()})
	certificate, key, err := ca.Issue("terraform")
	if err != nil {
		t.Fatal(err)
	}
	linkKeys := []attrs{keystore(t, ca), keystore(t, ca), keystore(t, ca)}
	jaas := func(user, password string) string {
		return login(t, "SASL_SSL", "PLAIN", user, password)[jaasSetting].(string)
	}
	v.secrets = []plantedSecret{
		{variable: "rest_password", value: "planted-rest-password"},
		{variable: "client_key", value: key},
		{variable: "jaas_1", value: jaas("first", firstLink)},
		{variable: "jaas_2", value: jaas("second", secondLink)},
		{value: firstLink},
		{value: secondLink},
		{value: "planted-kafka-"},       // however the rest is escaped
		{value: "planted-bearer-token"}, // from the environment
		{variable: "key_1", value: linkKeys[0]["ssl.keystore.key"].(string)},
		{variable: "key_2", value: linkKeys[1]["ssl.keystore.key"].(string)},
		{variable: "address", value: "https://" + restUser + ":planted-in-address@rest.example.com"},
		{value: "planted-in-address"},
		{variable: "bootstrap", value: "SASL_SSL://link:planted-in-bootstrap@" + v.source.BootstrapServers()},
		{value: "planted-in-bootstrap"},
		{variable: "state_password", value: "planted-state-password", inState: true},
		{variable: "state_jaas", value: jaas("local", "planted-local-password"), inState: true},
		{value: "planted-local-password", inState: true},
		{variable: "state_key", value: linkKeys[2]["ssl.keystore.key"].(string), inState: true},
	}
	for _, s := range v.secrets {
		v.environment = append(v.environment, "TF_VAR_"+s.variable+"="+s.value)
	}
	v.environment = append(v.environment, "CLUSTERLINK_SOURCE_TOKEN=planted-bearer-token", "TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(v.dir, logFile))
	v.environment = append(v.environment, "TF_VAR_certificate="+certificate,
		"TF_VAR_chain_1="+linkKeys[0]["ssl.keystore.certificate.chain"].(string), "TF_VAR_chain_2="+linkKeys[1]["ssl.keystore.certificate.chain"].(string))
	v.separately()
	return v
}

// config is a link with its secrets, by version, and a mirror topic.
func (v *vault) config(version int, replacements ...string) string {
	var text strings.Builder
	for _, s := range v.secrets {
		if s.variable != "" {
			fmt.Fprintf(&text, "variable %q {\n  type = string\n  sensitive = true\n  ephemeral = %t\n}\n", s.variable, !s.inState)
		}
	}
	fmt.Fprintf(&text, `
variable "certificate" {}
variable "chain_1" {}
variable "chain_2" {}
provider "clusterlink" {
  max_retries = 1
  endpoints = {
    source = { rest_endpoint = %q, cluster_id = "lkc-source", ca_certificate = %q }
    destination = {
      rest_endpoint = %q, cluster_id = "lkc-destination", ca_certificate = %q
      username = %q, password = var.rest_password
      client_certificate = var.certificate, client_key = var.client_key
    }
  }
}
data "clusterlink_topics" "source" {
  endpoint = "source"
}
resource "clusterlink_link" "demo" {
  endpoint          = "destination"
  link_name         = "demo-link"
  remote_cluster_id = "lkc-source"
  config = {
    "bootstrap.servers"       = %q
    "security.protocol"       = "SASL_SSL"
    "sasl.mechanism"          = "PLAIN"
    "ssl.truststore.type"     = "PEM"
    "local.ssl.keystore.type" = "PEM"
    "ssl.keystore.type"       = "PEM"
    "acl.sync.ms"             = "600%d"
  }
  sensitive_config = {
    "local.ssl.key.password" = var.state_password
    "local.sasl.jaas.config" = var.state_jaas
    "local.ssl.keystore.key" = var.state_key
  }
  sensitive_config_wo = {
    "sasl.jaas.config"            = var.jaas_%d
    "ssl.truststore.certificates" = %q
    "ssl.keystore.certificate.chain" = var.chain_%d
    "ssl.keystore.key"            = var.key_%d
  }
  sensitive_config_wo_version = %d
}
resource "clusterlink_mirror_topic" "orders" {
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = "orders"
}
`, v.source.RESTEndpoint(), v.source.CACertificate(), v.destination.RESTEndpoint(), v.destination.CACertificate(), restUser, v.source.BootstrapServers(),
		version, version, v.source.CACertificate(), version, version, version)
	return strings.NewReplacer(replacements...).Replace(text.String())
}

// runs runs a command, keeps what it says, and fails the test unless it
// succeeds, or fails with these words.
func (v *vault) runs(words []string, args ...string) {
	v.t.Helper()
	r := v.start(args...)
	err := r.wait()
	v.keep(r)
	if (err != nil) != (len(words) > 0) {
		v.t.Errorf("%q: %v\n%s", args, err, r.output())
	}
	says(v.t, unwrapped(r.output()), words...)
}

// keep puts what Terraform has said with the rest.
func (v *vault) keep(r *running) {
	v.t.Helper()
	file, err := os.OpenFile(filepath.Join(v.dir, saidFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := file.WriteString(r.output()); err != nil {
		v.t.Fatal(err)
	}
}

// echoes runs a command while the destination refuses some of its calls with
// all that it was sent.
func (v *vault) echoes(method, path string, after int, args ...string) {
	v.t.Helper()
	v.destination.Inject(emulator.Fault{Method: method, Path: path, Status: 400, Echo: true, After: after})
	v.runs([]string{"Cannot handle " + method}, args...)
	v.destination.ClearFaults()
}

// crashes ends the provider with a dump of all that it is doing, in the middle
// of a call.
func (v *vault) crashes(args ...string) {
	v.t.Helper()
	v.destination.Inject(emulator.Fault{Method: "POST", Path: "/links$", Hang: time.Hour})
	r := v.start(args...)
	eventually(v.t, "a call to hang", func() bool { return v.destination.InFlight() > 0 || r.hasEnded() })
	if pid := r.provider(); pid == 0 || syscall.Kill(pid, syscall.SIGABRT) != nil {
		v.t.Error("no provider to crash")
	}
	if r.wait() == nil {
		v.t.Error("Terraform has noticed nothing")
	}
	v.keep(r)
	v.destination.ClearFaults()
	log, err := os.ReadFile(filepath.Join(v.dir, logFile))
	if err != nil || !bytes.Contains(log, []byte("SIGABRT")) || !bytes.Contains(log, []byte("goroutine 1 ")) {
		v.t.Errorf("no dump of the provider is in the log (%v)", err)
	}
}

// search looks for every secret in everything that is left.
func (v *vault) search() {
	v.t.Helper()
	err := filepath.WalkDir(v.dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if filepath.Ext(path) == ".plan" {
			return v.searchPlan(entry.Name(), text)
		}
		v.searchText(entry.Name(), string(text), strings.HasPrefix(entry.Name(), stateFile))
		return nil
	})
	if err != nil {
		v.t.Error(err)
	}
	for _, c := range []*emulator.Cluster{v.source, v.destination} {
		v.searchText("recordings", fmt.Sprintf("%+v", c.Requests()), false)
	}
	for _, kind := range []string{stateFile, stateFile + ".backup", "first.plan: tfplan", "first.plan: tfstate", "second.plan: tfplan", logFile, saidFile, "recordings"} {
		if !v.searched[kind] {
			v.t.Errorf("there is no %s to search, only %v", kind, v.searched)
		}
	}
}

func (v *vault) searchPlan(name string, text []byte) error {
	files, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return err
	}
	for _, f := range files.File {
		r, err := f.Open()
		if err != nil {
			return err
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		v.searchText(name+": "+f.Name, string(content), true)
	}
	return nil
}

func (v *vault) searchText(where, text string, isState bool) {
	v.t.Helper()
	v.searched[where] = true
	for _, s := range v.secrets {
		if s.inState && isState {
			continue
		}
		for _, form := range s.forms() {
			if i := strings.Index(text, form); i >= 0 {
				v.t.Errorf("%s holds %q: …%q…", where, form, text[max(0, i-300):min(len(text), i+len(form)+50)])
				break
			}
		}
	}
}

// Secrets of every kind, in every place, through everything that Terraform does.
func TestSecretsAreNowhere(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	if err := v.source.CreateTopic("orders", 1); err != nil {
		t.Fatal(err)
	}
	const apply, destroy, approve = "apply", "destroy", "-auto-approve"
	v.write(v.config(1, `rest_endpoint = "`+v.destination.RESTEndpoint()+`"`, "rest_endpoint = var.address"))
	v.runs([]string{"must not hold user info"}, "plan")
	v.write(v.config(1, `"ssl.keystore.key" `, `"bootstrap.servers" = var.bootstrap
    "ssl.keystore.key" `, `"bootstrap.servers"       = "`+v.source.BootstrapServers()+`"`, ""))
	v.runs([]string{"Not the address of Kafka brokers"}, "plan")
	v.write(v.config(1, `"acl.sync.ms" `, `"ssl.key.password" = var.state_password
    "acl.sync.ms" `))
	v.runs([]string{"ssl.key.password"}, "plan")

	v.write(v.config(1))
	v.echoes("POST", "/links$", 0, "plan")
	v.echoes("POST", "/links$", 1, apply, approve, "-json")
	v.echoes("GET", "", 0, apply, approve)
	v.crashes(apply, approve)
	v.runs(nil, "plan", "-out=first.plan")
	v.runs(nil, "show", "first.plan")
	v.runs(nil, apply, "-json", "first.plan")
	v.runs(nil, "plan", "-json")
	v.runs(nil, "show")

	v.write(v.config(2))
	v.echoes("PUT", "configs:alter$", 0, "plan")
	v.echoes("PUT", "configs:alter$", 1, apply, approve)
	v.echoes("GET", "", 0, "plan")
	v.runs(nil, "plan", "-out=second.plan")
	v.runs(nil, apply, "second.plan")
	v.runs(nil, apply, approve, "-refresh-only", "-json")

	v.runs(nil, "state", "rm", "clusterlink_link.demo", "clusterlink_mirror_topic.orders")
	v.runs(nil, "import", "clusterlink_link.demo", "destination/demo-link")
	v.runs(nil, "import", "clusterlink_mirror_topic.orders", "destination/demo-link/orders")
	v.runs(nil, apply, approve)
	v.echoes("POST", "promote$", 1, destroy, approve)
	v.echoes("DELETE", "", 0, destroy, approve, "-refresh=false")
	v.runs(nil, destroy, approve, "-refresh=false")
	v.search()
	figures.Tell(t, "secrets: %d planted, none found in %d kinds of places", len(v.secrets), len(v.searched))
}
