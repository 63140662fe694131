package provider

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// cli is the Terraform CLI in a directory of its own, with the provider in this
// process. It is for what the acceptance harness does not know: warnings,
// flags, and signals.
type cli struct {
	t           *testing.T
	binary, dir string
	noted       string // the file that a separate provider notes its process id in
	environment []string
	patience    time.Duration // with one command
}

func newCLI(t *testing.T, config string) *cli {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set")
	}
	binary := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if binary == "" {
		var err error
		if binary, err = exec.LookPath("terraform"); err != nil {
			t.Fatal(err)
		}
	}
	c := &cli{t: t, dir: t.TempDir(), binary: binary, patience: 2 * time.Minute}
	c.write(config)
	c.environment = append(os.Environ(), "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1", "TF_CLI_CONFIG_FILE="+os.DevNull, "TF_REATTACH_PROVIDERS="+serveProvider(t))
	return c
}

// What clusterlink/clusterlink means to Terraform and to OpenTofu.
const providerAddress, tofuAddress = "registry.terraform.io/clusterlink/clusterlink", "registry.opentofu.org/clusterlink/clusterlink"

// serveProvider serves the provider until the test ends, and returns what tells
// Terraform where.
func serveProvider(t *testing.T) string {
	t.Helper()
	here := serve(t, NewServer("test"))
	told, err := json.Marshal(map[string]any{providerAddress: here, tofuAddress: here})
	if err != nil {
		t.Fatal(err)
	}
	return string(told)
}

// serve serves a provider until the test ends, and returns where.
func serve(t *testing.T, provider func() tfprotov6.ProviderServer) map[string]any {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reattach, closed := make(chan *plugin.ReattachConfig, 1), make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		failed <- tf6server.Serve(providerAddress, provider,
			tf6server.WithDebug(ctx, reattach, closed), tf6server.WithLoggingSink(t), tf6server.WithoutLogStderrOverride(),
			tf6server.WithGoPluginLogger(hclog.New(&hclog.LoggerOptions{Output: io.Discard})))
	}()
	t.Cleanup(func() { cancel(); <-closed })
	select {
	case at := <-reattach:
		return map[string]any{
			"Protocol": at.Protocol, "ProtocolVersion": at.ProtocolVersion, "Pid": at.Pid, "Test": at.Test,
			"Addr": map[string]any{"Network": at.Addr.Network(), "String": at.Addr.String()},
		}
	case err := <-failed:
		t.Fatal(err)
		return nil
	}
}

// reattaches changes what tells Terraform where providers are served.
func (c *cli) reattaches(change func(at map[string]any)) {
	c.t.Helper()
	const variable = "TF_REATTACH_PROVIDERS="
	for i, v := range c.environment {
		told, ok := strings.CutPrefix(v, variable)
		if !ok {
			continue
		}
		var at map[string]any
		if err := json.Unmarshal([]byte(told), &at); err != nil {
			c.t.Fatal(err)
		}
		change(at)
		more, err := json.Marshal(at)
		if err != nil {
			c.t.Fatal(err)
		}
		c.environment[i] = variable + string(more)
	}
}

// write replaces the configuration.
func (c *cli) write(config string) {
	c.t.Helper()
	const source = `
terraform {
  required_providers {
    clusterlink = { source = "clusterlink/clusterlink" }
  }
}
`
	if err := os.WriteFile(filepath.Join(c.dir, "main.tf"), []byte(source+config), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// command is not started yet. What it says goes into said, without borders and
// line breaks, which stand anywhere.
func (c *cli) command(said *bytes.Buffer, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), c.patience)
	c.t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, c.binary, append(args, "-no-color")...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.dir, c.environment, said, said
	return cmd
}

func unwrapped(said string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(said)), " ")
}

// succeeds runs a command and returns what it said.
func (c *cli) succeeds(args ...string) string {
	c.t.Helper()
	var said bytes.Buffer
	if err := c.command(&said, args...).Run(); err != nil {
		c.t.Errorf("terraform %s: %s\n%s", strings.Join(args, " "), err, said.String())
	}
	return unwrapped(said.String())
}

// fails runs a command that must not succeed and returns what it said.
func (c *cli) fails(args ...string) string {
	c.t.Helper()
	var said bytes.Buffer
	if err := c.command(&said, args...).Run(); err == nil {
		c.t.Errorf("terraform %s succeeded:\n%s", strings.Join(args, " "), said.String())
	}
	return unwrapped(said.String())
}

// says fails the test unless a text holds all of the words.
func says(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in: %s", word, text)
		}
	}
}
