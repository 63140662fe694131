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

	"github.com/clusterlink/terraform-provider-clusterlink/internal/launch"
)

// bench is what all measurements share.
type bench struct {
	options  *options
	cli      string // path of Terraform or OpenTofu
	folder   string // for everything that is written
	title    string // what the CLI calls itself, and its version
	provider string // path of the binary
	config   string // path of the CLI's own configuration
	states   *stateServer
}

// close ends what prepare has started, and removes what was written.
func (b *bench) close() error {
	b.states.Close()
	return os.RemoveAll(b.folder)
}

// prepare finds the CLI and builds the provider as it is released: stripped.
func prepare(ctx context.Context, o *options, out io.Writer) (*bench, error) {
	cli, err := findCLI()
	if err != nil {
		return nil, err
	}
	version, err := launch.Command(ctx, cli, "version").Output()
	if err != nil {
		return nil, err
	}
	title, _, _ := strings.Cut(string(version), "\n")
	_, _ = fmt.Fprintf(out, "%s, %s, %d processors\n\n", title, runtime.Version(), runtime.NumCPU())
	folder, err := os.MkdirTemp("", "clusterlink-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, cli: cli, folder: folder, title: title, provider: filepath.Join(folder, "provider"), states: startStateServer()}
	if err := b.install(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
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

// install builds the provider, and puts it where the CLI installs it from.
func (b *bench) install(ctx context.Context) (err error) {
	build := launch.Command(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", b.provider, launch.Module)
	if printed, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the provider: %w\n%s", err, printed)
	}
	b.config, err = launch.Install(b.folder, b.provider)
	return err
}

// registry is the host of the registry that a source without one means.
func (b *bench) registry() string {
	if strings.HasPrefix(b.title, "OpenTofu") {
		return "registry.opentofu.org"
	}
	return "registry.terraform.io"
}
