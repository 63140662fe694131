package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	module         = "github.com/clusterlink/terraform-provider-clusterlink"
	providerBinary = "terraform-provider-clusterlink"
)

// bench is what all measurements share.
type bench struct {
	cli      string // path of Terraform or OpenTofu
	folder   string // for everything that is written
	title    string // what the CLI calls itself, and its version
	provider string // path of the binary
	config   string // path of the CLI's own configuration
}

// prepare finds the CLI and builds the provider as it is released: stripped.
func prepare(ctx context.Context, out io.Writer) (*bench, error) {
	cli, err := findCLI()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "clusterlink-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{cli: cli, folder: folder, provider: filepath.Join(folder, "bin", providerBinary), config: filepath.Join(folder, "cli.tfrc")}
	if err := b.install(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	version, err := command(ctx, b.cli, "version").Output()
	b.title, _, _ = strings.Cut(string(version), "\n")
	_, _ = fmt.Fprintf(out, "%s, %s, %d processors\n\n", b.title, runtime.Version(), runtime.NumCPU())
	return b, err
}

// findCLI returns the path of the CLI to run: the one that is named, else what
// is on PATH.
func findCLI() (string, error) {
	if named := os.Getenv("TF_ACC_TERRAFORM_PATH"); named != "" {
		return exec.LookPath(named)
	}
	if path, err := exec.LookPath("terraform"); err == nil {
		return path, nil
	}
	return exec.LookPath("tofu")
}

// install builds the provider, and tells the CLI to use it without init.
func (b *bench) install(ctx context.Context) error {
	build := command(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.provider, module)
	if printed, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the provider: %w\n%s", err, printed)
	}
	return os.WriteFile(b.config, fmt.Appendf(nil, `provider_installation {
  dev_overrides {
    "clusterlink/clusterlink" = %q
  }
  direct {}
}
`, filepath.Dir(b.provider)), 0o600)
}

// registry is the host of the registry that a source without one means.
func (b *bench) registry() string {
	if strings.HasPrefix(b.title, "OpenTofu") {
		return "registry.opentofu.org"
	}
	return "registry.terraform.io"
}
