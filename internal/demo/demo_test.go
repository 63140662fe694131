package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

// needCLI skips tests that run the Terraform CLI, as acceptance tests do.
func needCLI(t *testing.T) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set")
	}
}

// start parses a command line for a demo that prints to a buffer.
func start(t *testing.T, args ...string) (*demo, *output) {
	t.Helper()
	printed := new(output)
	d, err := parse(args, printed)
	if err != nil {
		t.Fatal(err)
	}
	d.observe = emulatortest.Check(t, emulator.ConfluentCloud)
	return d, printed
}

// output collects what is printed, to be read while there is more to come.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// expectGone sees that a demo, which has ended, left nothing.
func expectGone(t *testing.T, d *demo) {
	t.Helper()
	if d.folder == "" {
		t.Error("there was no folder to remove")
	}
	if _, err := os.Stat(d.folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", d.folder, err)
	}
}

// Both stories are told from beginning to end, and leave nothing.
func TestStories(t *testing.T) {
	t.Parallel()
	needCLI(t)
	for _, flag := range []string{"", "-source-initiated"} {
		t.Run("story"+flag, func(t *testing.T) {
			t.Parallel()
			d, printed := start(t, strings.Fields(flag)...)
			if err := d.run(t.Context()); err != nil {
				t.Fatalf("%v\n%s", err, printed)
			}
			text := printed.String()
			for _, wanted := range append(d.story.creates, "holds 1 2 3 4 5 6", "lag 0", "refused by the broker", "no file is left", "Everything went as it should") {
				if !strings.Contains(text, wanted) {
					t.Errorf("it does not say %q", wanted)
				}
			}
			if regexp.MustCompile("✗|\x1b").MatchString(text) {
				t.Error("it tells of trouble, or has colours where there is no terminal")
			}
			for _, secret := range d.secrets() {
				if strings.Contains(text, secret) {
					t.Error("it tells a password")
				}
			}
			expectGone(t, d)
		})
	}
}

// Whatever step goes wrong, it is the last, and everything is cleaned up.
func TestTroubleEndsTheStory(t *testing.T) {
	t.Parallel()
	needCLI(t)
	for step, trouble := range map[string]struct {
		make   func(*demo) error
		reason string
	}{
		"Plan": {
			make: func(d *demo) error {
				d.destination.Inject(emulator.Fault{Method: "POST", Path: "/links$", Status: http.StatusForbidden})
				return nil
			},
			reason: "Link refused by the server",
		},
		"Apply": {
			make:   func(d *demo) error { return d.destination.CreateTopic(topic, 1) },
			reason: "Topic exists already",
		},
		"Look at links, mirror topics and lag": {
			make: func(d *demo) error {
				d.destination.SetMirrorStatus(linkName, topic, "FAILED")
				return nil
			},
			reason: "has not caught up",
		},
		"Try to write to the mirror topic": {
			make: func(d *demo) error {
				d.destination.Broker().SetReadOnly(topic, false)
				return nil
			},
			reason: "was not refused",
		},
		"Destroy": {
			make: func(d *demo) error {
				d.destination.RefuseVerdict(linkName, topic, "promote", 40002, "no promotions today")
				return nil
			},
			reason: "no promotions today",
		},
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			d, printed := start(t)
			d.began = func(begun string) {
				if begun != step {
					return
				}
				if err := trouble.make(d); err != nil {
					t.Error(err)
				}
			}
			err := d.run(t.Context())
			if err == nil || !regexp.MustCompile(strings.ReplaceAll(trouble.reason, " ", `\s+`)).MatchString(err.Error()) {
				t.Errorf("error %v, want one with %q", err, trouble.reason)
			}
			expectLast(t, printed, step)
			expectGone(t, d)
		})
	}
}

// expectLast sees that a step was told to have failed, and that after it there
// was nothing but cleaning up.
func expectLast(t *testing.T, printed *output, step string) {
	t.Helper()
	// Steps begin after an empty line.
	steps := strings.Split(printed.String(), "\n\n")
	cleanUp, failed := steps[len(steps)-1], steps[max(0, len(steps)-2)]
	if !strings.Contains(failed, "  "+step+"\n") || !strings.Contains(failed, "\n    ✗ ") ||
		!strings.Contains(cleanUp, "  Clean up\n") || !strings.HasSuffix(cleanUp, "no file is left\n") {
		t.Errorf("the story does not end with %q:\n%s", step, printed)
	}
}

// A cluster that has ended is not mistaken for another one on its port.
func TestClusterRuns(t *testing.T) {
	t.Parallel()
	first, err := startCluster(sourceID, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if !first.runs(t.Context()) {
		t.Error("a cluster that runs does not")
	}
	first.Close()
	if first.runs(t.Context()) {
		t.Error("a cluster that has ended runs")
	}
	other, err := net.Listen("tcp", first.BootstrapServers())
	if err != nil {
		t.Skip("somebody was quicker: ", err)
	}
	defer func() { _ = other.Close() }()
	if first.runs(t.Context()) {
		t.Error("a cluster runs because another program has its port")
	}
}

func TestCtrlC(t *testing.T) {
	t.Parallel()
	needCLI(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, printed := start(t)
	d.began = func(step string) {
		if step == "Apply" {
			cancel()
		}
	}
	if err := d.run(ctx); err == nil || err.Error() != "interrupted" {
		t.Errorf("error %v, want an interruption", err)
	}
	expectLast(t, printed, "Apply")
	expectGone(t, d)
}

// The configuration that play prepares works as it says, until Ctrl-C.
func TestPlay(t *testing.T) {
	t.Parallel()
	needCLI(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d, printed := start(t, "-play", "-source-initiated")
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()

	hints := waitFor(t, printed, regexp.MustCompile(`(?s)cd (\S+)\n +export TF_CLI_CONFIG_FILE=(\S+) .* (\S+) plan\n.*--from-beginning\n`))
	if hints != nil {
		tf := &terraform{cli: hints[3], folder: hints[1], config: hints[2]}
		planned, err := tf.run(t.Context(), nil, "plan")
		if err != nil || !strings.Contains(planned, "Plan: 3 to add, 0 to change, 0 to destroy.") {
			t.Errorf("planned (%v):\n%s", err, planned)
		}
		for _, name := range []string{"terraform.tfvars", "source.config", "destination.config", "source.curl", "destination.curl"} {
			info, err := os.Stat(filepath.Join(tf.folder, name))
			if err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, want a file for the user's eyes only (%v)", name, info, err)
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("%v\n%s", err, printed)
	}
	expectGone(t, d)
}

// waitFor waits until something was printed, and returns what it says.
func waitFor(t *testing.T, printed *output, wanted *regexp.Regexp) []string {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		if match := wanted.FindStringSubmatch(printed.String()); match != nil {
			return match
		}
		select {
		case <-deadline:
			t.Errorf("waited in vain for %s:\n%s", wanted, printed)
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestExitStatus(t *testing.T) {
	t.Setenv("TF_ACC_TERRAFORM_PATH", "no-such-cli") // so that the first step fails
	for args, want := range map[string]struct {
		status int
		text   string
	}{
		"":         {1, `✗ TF_ACC_TERRAFORM_PATH: exec: "no-such-cli"`},
		"-play":    {1, `✗ TF_ACC_TERRAFORM_PATH: exec: "no-such-cli"`},
		"-help":    {0, "-source-initiated"},
		"-flop":    {2, "-source-initiated"},
		"anything": {2, "-source-initiated"},
	} {
		var printed bytes.Buffer
		if status := run(t.Context(), strings.Fields(args), &printed); status != want.status || !strings.Contains(printed.String(), want.text) {
			t.Errorf("demo %s: exit status %d, want %d with %q:\n%s", args, status, want.status, want.text, printed.String())
		}
	}
}

// A secret is found in a file as it is and in a member of a zip archive.
func TestHolds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text, zipped string
		want         bool
	}{
		"plain without": {text: "nothing to see"},
		"plain with":    {text: "the s3cret is out", want: true},
		"zip without":   {zipped: strings.Repeat("nothing to see ", 100)},
		"zip with":      {zipped: strings.Repeat("nothing to see ", 100) + "but s3cret", want: true},
	} {
		content := []byte(test.text)
		if test.zipped != "" {
			content = zipOf(t, "tfplan", test.zipped)
		}
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := holds(file, []string{"other", "s3cret"}); err != nil || found != test.want {
			t.Errorf("%s: found %t (%v), want %t", name, found, err, test.want)
		}
	}
	if _, err := holds(filepath.Join(t.TempDir(), "missing"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
