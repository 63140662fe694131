package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/launch"
)

// terraform runs the CLI on one configuration.
type terraform struct {
	cli    string // path
	folder string // of the configuration
	config string // path of the CLI's own configuration
}

// run runs a command and returns what it printed. Where show is not nil it is
// given each line as it comes. An error holds all that was printed.
func (tf *terraform) run(ctx context.Context, show func(line string), args ...string) (string, error) {
	printed := &lines{show: show}
	cmd := launch.Command(ctx, tf.cli, args...)
	cmd.Dir, cmd.Env = tf.folder, append(launch.Environment(), "TF_CLI_CONFIG_FILE="+tf.config)
	cmd.Stdout, cmd.Stderr = printed, printed
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", tf.cli, args[0], err, printed.text.String())
	}
	return printed.text.String(), nil
}

// lines collects text, and shows each line once it is complete.
type lines struct {
	text  bytes.Buffer
	shown int // bytes
	show  func(line string)
}

func (l *lines) Write(p []byte) (int, error) {
	l.text.Write(p)
	for {
		line, _, complete := bytes.Cut(l.text.Bytes()[l.shown:], []byte("\n"))
		if !complete {
			return len(p), nil
		}
		l.shown += len(line) + 1
		if l.show != nil {
			l.show(string(line))
		}
	}
}

// commandLine is a command as a user would type it.
func (tf *terraform) commandLine(args ...string) string {
	return filepath.Base(tf.cli) + " " + strings.Join(args, " ")
}

// terraform prints a command, runs it, and has no patience with warnings: the
// examples are to cause none.
func (d *demo) terraform(ctx context.Context, shown *regexp.Regexp, args ...string) error {
	d.ran(d.tf.commandLine(args...))
	printed, err := d.tf.run(ctx, func(line string) {
		if shown != nil && shown.MatchString(line) {
			d.quote(line)
		}
	}, args...)
	if err == nil && strings.Contains(printed, "Warning: ") {
		err = errors.New("there is a warning:\n" + printed)
	}
	return err
}

// progress matches the lines of apply and destroy that tell how far they are.
var progress = regexp.MustCompile(`^[^ ]+: (Creat|Destr|Modif|Still)|^(Apply|Destroy) complete!`)

// plannedCreates lists what a saved plan would create, sorted. It is an error if
// the plan would do anything else.
func (tf *terraform) plannedCreates(ctx context.Context, file string) ([]string, error) {
	printed, err := tf.run(ctx, nil, "show", "-json", file)
	if err != nil {
		return nil, err
	}
	var plan struct {
		ResourceChanges []struct {
			Address, Mode string
			Change        struct{ Actions []string }
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(printed), &plan); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	var creates []string
	for _, r := range plan.ResourceChanges {
		if r.Mode == "data" {
			continue
		}
		if !slices.Equal(r.Change.Actions, []string{"create"}) {
			return nil, fmt.Errorf("planned for %s: %q", r.Address, r.Change.Actions)
		}
		creates = append(creates, r.Address)
	}
	slices.Sort(creates)
	return creates, nil
}

// status is what the outputs of the examples say.
type status struct {
	Links map[string]struct {
		State, Error string
		Topics       []string
	}
	MirrorTopics map[string]struct {
		Source, Status string
		Lag            int
	}
}

// lag is that of the mirror topic that is furthest behind, in records.
func (s *status) lag() int {
	most := 0
	for _, m := range s.MirrorTopics {
		most = max(most, m.Lag)
	}
	return most
}

func (tf *terraform) status(ctx context.Context) (*status, error) {
	printed, err := tf.run(ctx, nil, "output", "-json")
	if err != nil {
		return nil, err
	}
	var s status
	outputs := struct {
		Links        struct{ Value any } `json:"links"`
		MirrorTopics struct{ Value any } `json:"mirror_topics"`
	}{}
	outputs.Links.Value, outputs.MirrorTopics.Value = &s.Links, &s.MirrorTopics
	if err := json.Unmarshal([]byte(printed), &outputs); err != nil {
		return nil, fmt.Errorf("read outputs: %w", err)
	}
	return &s, nil
}
