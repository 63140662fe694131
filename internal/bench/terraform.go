package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/launch"
)

// cost is what a Terraform command took.
type cost struct {
	calls  int
	took   time.Duration
	memory int64 // bytes, the largest of the provider's processes; 0 where it cannot be told
}

// workspace is a folder with a configuration, and perhaps its state.
type workspace struct {
	*bench
	folder string
}

// workspace makes one, with a state that is nil or what was created before. The
// state is kept elsewhere, as that of a team is, unless it is to be a file.
func (b *bench) workspace(ctx context.Context, config string, state []byte) (*workspace, error) {
	folder, err := os.MkdirTemp(b.folder, "workspace-")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"main.tf": []byte(config)}
	switch {
	case !b.options.stateFile:
		files["backend.tf"] = fmt.Appendf(nil, "terraform {\n  backend \"http\" {\n    address = %q\n  }\n}\n", b.states.add(filepath.Base(folder), state))
	case state != nil:
		files["terraform.tfstate"] = state
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	w := &workspace{b, folder}
	_, err = w.run(ctx, nil, "init")
	return w, err
}

// run runs a Terraform command and tells what it took; calls is nil or counts
// the REST calls of the clusters since it was last asked.
func (w *workspace) run(ctx context.Context, calls func() int, args ...string) (cost, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := launch.Command(ctx, w.cli, args...)
	cmd.Dir, cmd.Env = w.folder, append(launch.Environment(), "TF_CLI_CONFIG_FILE="+w.config)
	if calls != nil {
		calls()
	}
	peak := watchMemory(w.bench.folder)
	started := time.Now()
	printed, err := cmd.CombinedOutput()
	c := cost{took: time.Since(started), memory: peak()}
	if err != nil {
		return c, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, lastOf(string(printed)))
	}
	if calls != nil {
		c.calls = calls()
	}
	return c, nil
}

// lastOf is the end of a text that may be long.
func lastOf(text string) string {
	const enough = 4000
	return text[max(0, len(text)-enough):]
}

// callsOf counts the REST calls of clusters since it was last asked.
func callsOf(clusters ...*emulator.Cluster) func() int {
	return func() int {
		n := 0
		for _, c := range clusters {
			n += len(c.Requests())
			c.ResetRequests()
		}
		return n
	}
}
