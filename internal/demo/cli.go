package main

import (
	"context"
	"errors"
	"fmt"
	"os"
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
)

// newEnough is what the examples need: write-only attributes came with 1.11.
var newEnough = version.MustConstraints(version.NewConstraint(">= 1.11"))

// latestCLI installs the latest Terraform into a folder, its signature checked.
func latestCLI(folder string) *releases.LatestVersion {
	return &releases.LatestVersion{Product: product.Terraform, Constraints: newEnough, InstallDir: folder, Timeout: 5 * time.Minute}
}

// findCLI returns the path of the CLI to run: the one that is named, which may
// be OpenTofu's, else terraform on PATH if it is new enough, else what fetch
// installs.
func findCLI(ctx context.Context, named string, fetch src.Installable) (string, error) {
	if named == "" {
		path, err := install.NewInstaller().Ensure(ctx, []src.Source{
			&fs.Version{Product: product.Terraform, Constraints: newEnough}, fetch,
		})
		if err != nil {
			return "", fmt.Errorf("there is no Terraform CLI of version %s on PATH, and none could be fetched; TF_ACC_TERRAFORM_PATH may name one\n%w", newEnough, err)
		}
		return path, nil
	}
	path, err := exec.LookPath(named)
	if err != nil {
		return "", fmt.Errorf("TF_ACC_TERRAFORM_PATH: %w", err)
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	found, err := product.Terraform.GetVersion(ctx, path)
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", path, err)
	}
	if !newEnough.Check(found) {
		return "", fmt.Errorf("%s is version %s, and the examples need %s", path, found, newEnough)
	}
	return path, nil
}

// cliTitle is what a CLI calls itself, such as "Terraform v1.11.4".
func cliTitle(ctx context.Context, path string) (string, error) {
	cmd := command(ctx, path, "version")
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1")
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", path, err)
	}
	title, _, _ := strings.Cut(string(printed), "\n")
	if title == "" {
		return "", errors.New("the CLI does not tell its version")
	}
	return title, nil
}
