// Package launch starts Terraform with the provider of this module, and the
// provider by itself, for programs and tests that look at either from outside.
package launch

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Module is the one whose main package is the provider.
const Module = "github.com/clusterlink/terraform-provider-clusterlink"

// Command prepares a program that is asked to end when ctx does, as Ctrl-C asks
// it, and is killed only where it does not comply: so it can clean up itself.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}

// Environment is that of this process for the CLI, without settings, variables
// and credentials that are meant for other configurations.
func Environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "TF_") || strings.HasPrefix(variable, "CLUSTERLINK_")
	})
	return append(env, "TF_CLI_ARGS=-no-color", "TF_INPUT=0", "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1")
}
