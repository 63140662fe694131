package provider

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The guide's link whose secrets come from a vault is made, and neither the saved
// plan nor the state has them.
func TestSecretsFromAVaultAreStoredNowhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCLI(t, "")
	c.knowsStrangers()
	config := inPlaceOf(t, guideConfigs(t, "secrets")["vault"], [][2]string{
		{`"https://kafka-b.example.com:8090"`, `"` + w.destination.RESTEndpoint() + `"` + "\n ca_certificate = file(\"ca.pem\")"},
		{`"kafka-a.example.com:9092"`, `"` + w.source.BootstrapServers() + `"` + "\n \"ssl.truststore.type\" = \"PEM\""},
		{"sensitive_config_wo = {", "sensitive_config_wo = {\n \"ssl.truststore.certificates\" = file(\"ca.pem\")"},
		{"MToL0AbqRMqxznu7C7CPOw", w.source.ID()},
	})
	c.file("ca.pem", w.source.CACertificate()+w.destination.CACertificate())
	c.file("sources.tf", requiredProviders)
	c.file("main.tf", config)

	says(t, c.succeeds("plan", "-out=saved.tfplan"), "Plan: 1 to add")
	says(t, c.succeeds("apply", "saved.tfplan"), "1 added")
	says(t, c.succeeds("plan"), "No changes.")
	stored := c.stored("saved.tfplan")
	state, err := os.ReadFile(filepath.Join(c.dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	stored["the state"] = string(state)
	for where, text := range stored {
		if strings.Contains(text, restPassword) || strings.Contains(text, kafkaPassword) {
			t.Errorf("%s holds a password", where)
		}
	}
	for _, where := range []string{"the state", "tfplan"} {
		if !strings.Contains(stored[where], "from-source") {
			t.Errorf("%s was not searched", where)
		}
	}
}

// stored is what a saved plan holds, by the name of its part.
func (c *cli) stored(plan string) map[string]string {
	c.t.Helper()
	archive, err := zip.OpenReader(filepath.Join(c.dir, plan))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	parts := map[string]string{}
	for _, file := range archive.File {
		part, err := file.Open()
		if err != nil {
			c.t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil {
			c.t.Fatal(err)
		}
		parts[file.Name] = string(text)
	}
	return parts
}
