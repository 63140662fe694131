package main

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// command prepares a program that is asked to end when ctx does, as Ctrl-C asks
// it, and is killed only where it does not comply: so it can clean up itself.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 20 * time.Second
	return cmd
}
