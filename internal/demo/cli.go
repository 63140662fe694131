package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
	install "github.com/hashicorp/hc-install"
	"github.com/hashicorp/hc-install/fs"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/releases"
	"github.com/hashicorp/hc-install/src"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/launch"
)

// newEnough is what the examples need: write-only attributes came with 1.11.
var newEnough = version.MustConstraints(version.NewConstraint(">= 1.11"))

// latestCLI installs the latest Terraform into a folder, its signature checked.
func latestCLI(folder string) *releases.LatestVersion {
	return &releases.LatestVersion{Product: product.Terraform, Constraints: newEnough, InstallDir: folder, Timeout: 5 * time.Minute}
}

// findCLI returns the path of the CLI to run, and what it calls itself: the one
// that is named, which may be OpenTofu's, else terraform on PATH if it is new
// enough, else what fetch installs.
func findCLI(ctx context.Context, named string, fetch src.Installable) (path, title string, err error) {
	if named != "" {
		path, err = exec.LookPath(named)
		if err != nil {
			return "", "", fmt.Errorf("TF_ACC_TERRAFORM_PATH: %w", err)
		}
		path, err = filepath.Abs(path)
	} else {
		path, err = install.NewInstaller().Ensure(ctx, []src.Source{
			&fs.Version{Product: product.Terraform, Constraints: newEnough}, fetch,
		})
	}
	if err != nil {
		return "", "", fmt.Errorf("no Terraform of version %s is on PATH, and none could be fetched; TF_ACC_TERRAFORM_PATH may name one\n%w", newEnough, err)
	}
	title, err = askVersion(ctx, path)
	return path, title, err
}

// askVersion returns what a CLI calls itself, such as "Terraform v1.11.4". It is
// an error if that is too old.
func askVersion(ctx context.Context, path string) (string, error) {
	cmd := launch.Command(ctx, path, "version")
	cmd.Env = launch.Environment()
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", path, err)
	}
	title, _, _ := strings.Cut(string(printed), "\n")
	found, err := version.NewVersion(title[strings.LastIndex(title, " ")+1:])
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", path, err)
	}
	if !newEnough.Check(found.Core()) {
		return "", fmt.Errorf("%s at %s is too old: the examples need version %s", title, path, newEnough)
	}
	return title, nil
}
