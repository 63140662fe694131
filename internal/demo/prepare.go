package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/launch"
)

// prepare finds the CLI and installs the provider.
func (d *demo) prepare(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, buildTimeout, fmt.Errorf("preparations took longer than %s", buildTimeout))
	defer cancel()
	if d.archive == "" {
		d.step("Build the provider", "Terraform starts a provider as a program of its own. This one is built from\n"+
			"source, and put where terraform init finds it.")
	} else {
		d.step("Install the provider", "Terraform starts a provider as a program of its own. This one comes from an\n"+
			"archive, as a registry has it, which is put where terraform init finds it.")
	}
	if d.folder, err = os.MkdirTemp("", "clusterlink-"); err != nil {
		return err
	}
	cli, title, err := findCLI(ctx, d.cli, latestCLI(d.folder))
	if err != nil {
		return because(ctx, err)
	}
	d.saw("%s at %s", title, cli)
	provider := d.archive
	if provider == "" {
		provider = filepath.Join(d.folder, "provider")
		if _, err := goCommand(ctx, "build", "-o", provider, launch.Module); err != nil {
			return because(ctx, err)
		}
	}
	d.tf = &terraform{cli: cli, folder: filepath.Join(d.folder, d.story.example)}
	if d.tf.config, err = launch.Install(d.folder, provider); err != nil {
		return err
	}
	d.saw("the provider is there")
	return nil
}

func goCommand(ctx context.Context, args ...string) (string, error) {
	var printed, complaints strings.Builder
	cmd := launch.Command(ctx, "go", args...)
	cmd.Stdout, cmd.Stderr = &printed, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, complaints.String())
	}
	return strings.TrimSpace(printed.String()), nil
}

// configure copies the example, and sets its variables to the clusters that run.
func (d *demo) configure(ctx context.Context) error {
	root, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}", launch.Module)
	if err != nil {
		return err
	}
	if err := os.Mkdir(d.tf.folder, 0o700); err != nil {
		return err
	}
	example := filepath.Join(root, "examples", d.story.example)
	names, err := filepath.Glob(filepath.Join(example, "*.tf")) // and no state or variables of the reader's own
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d.tf.folder, filepath.Base(name)), text, 0o600); err != nil {
			return err
		}
	}
	declared, err := os.ReadFile(filepath.Join(example, "variables.tf"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.tf.folder, "terraform.tfvars"), d.values(string(declared)), 0o600)
}

var declaration = regexp.MustCompile(`(?m)^variable "(source|destination)_(\w+)"`)

// values writes the values of the variables that are declared.
func (d *demo) values(declared string) []byte {
	sides := map[string]map[string]string{"source": d.source.variables(), "destination": d.destination.variables()}
	var text []byte
	for _, match := range declaration.FindAllStringSubmatch(declared, -1) {
		side, name := match[1], match[2]
		value, known := sides[side][name]
		switch {
		case !known: // has a default
		case strings.Contains(value, "\n"):
			text = fmt.Appendf(text, "%s_%s = <<EOT\n%sEOT\n", side, name, value)
		default:
			text = fmt.Appendf(text, "%s_%s = %q\n", side, name, value)
		}
	}
	return text
}

// cleanUp ends the clusters, removes all files, and sees that both is done, even
// when ctx has ended.
func (d *demo) cleanUp(ctx context.Context) error {
	d.step("Clean up", "The clusters end, and the folder with everything that was written goes.")
	var errs []error
	for _, c := range []*cluster{d.source, d.destination} {
		if c == nil {
			continue
		}
		c.Close()
		if c.runs(context.WithoutCancel(ctx)) {
			errs = append(errs, fmt.Errorf("%s still runs", c.ID()))
		}
	}
	if d.folder != "" {
		errs = append(errs, os.RemoveAll(d.folder))
		if _, err := os.Stat(d.folder); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s is still there", d.folder))
		}
	}
	if err := errors.Join(errs...); err != nil {
		d.trouble(err)
		return err
	}
	d.saw("nothing runs any more, and no file is left")
	return nil
}
