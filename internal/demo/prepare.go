package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// module is the one that this program belongs to, and whose provider is built.
const module = "github.com/clusterlink/terraform-provider-clusterlink"

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
	d.tf = &terraform{cli: cli, folder: filepath.Join(d.folder, d.story.example), config: filepath.Join(d.folder, "cli.tfrc")}
	if err := d.installProvider(ctx); err != nil {
		return because(ctx, err)
	}
	d.saw("the provider is there")
	return nil
}

// installProvider makes a folder in the layout of a registry, so that init
// works without a registry and without a network.
func (d *demo) installProvider(ctx context.Context) error {
	file := d.archive
	inFolder := filepath.Base(d.archive) // an archive lies there as it is, and a program below its version and platform
	if d.archive == "" {
		inFolder = filepath.Join("0.0.1", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-clusterlink")
		file = filepath.Join(d.folder, filepath.Base(inFolder))
		if _, err := goCommand(ctx, "build", "-o", file, module); err != nil {
			return err
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		name := filepath.Join(d.folder, "plugins", registry, "clusterlink", "clusterlink", inFolder)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o700); err != nil {
			return err
		}
	}
	return os.WriteFile(d.tf.config, fmt.Appendf(nil, `provider_installation {
  filesystem_mirror {
    path    = %q
    include = ["clusterlink/clusterlink"]
  }
  direct {
    exclude = ["clusterlink/clusterlink"]
  }
}
`, filepath.Join(d.folder, "plugins")), 0o600)
}

func goCommand(ctx context.Context, args ...string) (string, error) {
	var printed, complaints strings.Builder
	cmd := command(ctx, "go", args...)
	cmd.Stdout, cmd.Stderr = &printed, &complaints
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, complaints.String())
	}
	return strings.TrimSpace(printed.String()), nil
}

// configure copies the example, and sets its variables to the clusters that run.
func (d *demo) configure(ctx context.Context) error {
	root, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}", module)
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
