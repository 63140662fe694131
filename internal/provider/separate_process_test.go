//go:build unix

package provider

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// separately makes the CLI run the provider as a process of its own, as users
// do, which notes its process id.
func (c *cli) separately() {
	c.t.Helper()
	folder := c.t.TempDir()
	program := filepath.Join(folder, "provider")
	if printed, err := exec.Command("go", "build", "-o", program, "../..").CombinedOutput(); err != nil {
		c.t.Fatalf("build the provider: %s\n%s", err, printed)
	}
	c.noted = filepath.Join(folder, "pid")
	for name, text := range map[string]string{
		"terraform-provider-clusterlink": fmt.Sprintf("#!/bin/sh\necho $$ >%q\nexec %q \"$@\"\n", c.noted, program),
		"cli.tfrc":                       fmt.Sprintf("provider_installation {\n  dev_overrides { \"clusterlink/clusterlink\" = %q }\n}\n", folder),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o700); err != nil {
			c.t.Fatal(err)
		}
	}
	c.environment = slices.DeleteFunc(c.environment, func(v string) bool { return strings.HasPrefix(v, "TF_REATTACH_PROVIDERS=") })
	c.environment = append(c.environment, "TF_CLI_CONFIG_FILE="+filepath.Join(folder, "cli.tfrc"))
}

// running is Terraform and its providers, in a process group of their own.
type running struct {
	cli   *cli
	cmd   *exec.Cmd
	ended chan struct{}
	err   error  // once ended
	said  string // path of its output
	swept sync.Once
}

func (c *cli) start(args ...string) *running {
	c.t.Helper()
	said, err := os.CreateTemp(c.t.TempDir(), "said")
	if err != nil {
		c.t.Fatal(err)
	}
	var unused bytes.Buffer
	r := &running{cli: c, cmd: c.command(&unused, args...), ended: make(chan struct{}), said: said.Name()}
	// A file, for a pipe would be kept open by a provider that outlives Terraform.
	r.cmd.Stdout, r.cmd.Stderr, r.cmd.SysProcAttr = said, said, &syscall.SysProcAttr{Setpgid: true}
	if err := r.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(r.sweep)
	go func() {
		r.err = r.cmd.Wait()
		_ = said.Close()
		close(r.ended)
	}()
	return r
}

// sweep ends what is left of the group.
func (r *running) sweep() {
	r.swept.Do(func() {
		_ = syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
		<-r.ended
	})
}

// wait waits until Terraform has ended, and returns its error.
func (r *running) wait() error {
	<-r.ended
	r.sweep()
	return r.err
}

func (r *running) hasEnded() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

func (r *running) output() string {
	text, err := os.ReadFile(r.said)
	if err != nil {
		r.cli.t.Fatal(err)
	}
	return string(text)
}

// provider is the process id of the provider, 0 while none runs.
func (r *running) provider() int {
	text, _ := os.ReadFile(r.cli.noted)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	if group, err := syscall.Getpgid(pid); pid == 0 || err != nil || group != r.cmd.Process.Pid {
		return 0 // that of another run, which has ended
	}
	return pid
}
