//go:build unix

package provider

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/figures"
)

// ends are the ways in which a run of Terraform is brought to an end.
var ends = []struct {
	name string
	do   func(*running) error
}{
	{"Terraform killed", func(r *running) error { return syscall.Kill(r.cmd.Process.Pid, syscall.SIGKILL) }},
	{"provider killed", func(r *running) error {
		if pid := r.provider(); pid != 0 {
			return syscall.Kill(pid, syscall.SIGKILL)
		}
		return os.ErrNotExist
	}},
	{"both killed", func(r *running) error { return syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL) }},
	{"interrupted", func(r *running) error { return syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT) }},
	{"interrupted twice", func(r *running) error {
		if err := syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT); err != nil {
			return err
		}
		eventually(r.cli.t, "the first interrupt is heard", func() bool { return r.hasEnded() || strings.Contains(r.output(), "Interrupt received") })
		return syscall.Kill(-r.cmd.Process.Pid, syscall.SIGINT)
	}},
}

// killing takes mirror topics from creation to destruction, again and again,
// and brings Terraform to an end in the middle of it.
type killing struct {
	*world
	*cli
	random *rand.Rand

	calls              map[string]int // that a command makes if let alone
	topics             []string       // of this cycle
	beforehand, during []string       // records
	orphaned           *running       // a provider that has lost its Terraform, or nil

	kills             map[string]int // by command, and by how it was ended
	imported, records int
}

const stateFile = "terraform.tfstate"

// strike runs a command and ends it at a random moment, unless it has ended before.
func (k *killing) strike(command string) {
	k.world.t.Helper()
	before, err := os.ReadFile(filepath.Join(k.dir, stateFile))
	if err != nil {
		k.world.t.Fatal(err)
	}
	k.destination.ResetRequests()
	end := ends[k.random.IntN(len(ends))]
	after, delay := k.random.IntN(k.calls[command]), time.Duration(k.random.IntN(20))*time.Millisecond
	r := k.start(command, "-auto-approve")
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for going := true; going && len(k.destination.Requests()) < after; {
		select {
		case <-r.ended:
			going = false
		case <-look.C:
		}
	}
	select {
	case <-r.ended:
	case <-time.After(delay):
		switch err := end.do(r); {
		case err == nil:
			k.kills[command]++
			k.kills[end.name]++
		case !errors.Is(err, syscall.ESRCH) && !errors.Is(err, os.ErrNotExist):
			k.world.t.Errorf("%s: %s", end.name, err)
		}
	}
	<-r.ended
	k.orphaned = r // It goes on while Terraform is run again, or is ended as well.
	if k.random.IntN(2) == 0 {
		r.sweep()
	}
	k.world.t.Logf("%s: %s after %d calls and %s", command, end.name, after, delay)
	k.restoreState(before)
}

// restoreState does what a person does where Terraform was ended while it wrote
// its state, which leaves none: take the one before. Terraform's own backup may
// be older than that.
func (k *killing) restoreState(before []byte) {
	text, err := os.ReadFile(filepath.Join(k.dir, stateFile))
	if err != nil || json.Valid(text) {
		return
	}
	k.world.t.Logf("Terraform has left a state of %d bytes that cannot be read", len(text))
	k.file(stateFile, string(before))
}

// converges runs apply again. Where that says that something exists, it is run
// once more, with the import blocks it gives. Where the state knows of nothing
// that was created, the plan tells of the mirror topics, and the apply of the link.
func (k *killing) converges() {
	k.world.t.Helper()
	var blocks []string
	for pasted := 0; ; pasted++ {
		again := k.start("apply", "-auto-approve", "-json")
		if again.wait() == nil {
			break
		}
		more := importBlocks(again.output())
		if len(more) == 0 || pasted > 1 || pasted == 1 && !strings.Contains(more[0], linkType) {
			k.world.t.Fatalf("apply failed after %d import blocks:\n%s", len(blocks), again.output())
		}
		blocks = append(blocks, more...)
		k.file("imports.tf", strings.Join(blocks, "\n"))
	}
	k.imported += len(blocks)
}

// isDestroyed runs destroy again. Where topics that were promoted fail its plan
// of the configuration, it is run as the error says.
func (k *killing) isDestroyed() {
	k.world.t.Helper()
	again := k.start("destroy", "-auto-approve")
	if again.wait() == nil {
		return
	}
	says(k.world.t, unwrapped(again.output()), "Error: Topic exists already", "and was stopped", refreshEscape)
	k.succeeds("destroy", "-auto-approve", "-refresh=false")
}

var blockInError = regexp.MustCompile(`(?s)import \{\n.*?\n\}`)

// importBlocks are those in Terraform's errors, for the objects they are about.
func importBlocks(output string) []string {
	var blocks []string
	for lines := bufio.NewScanner(strings.NewReader(output)); lines.Scan(); {
		var line struct {
			Diagnostic struct{ Severity, Detail, Address string }
		}
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Diagnostic.Severity != "error" {
			continue
		}
		resourceType, _, _ := strings.Cut(line.Diagnostic.Address, ".")
		if block := blockInError.FindString(line.Diagnostic.Detail); block != "" {
			blocks = append(blocks, strings.Replace(block, resourceType+".<name>", line.Diagnostic.Address, 1))
		}
	}
	return blocks
}

// isAsInState fails the test unless the mirror topics of the server are those
// in the state, and none is tainted.
func (k *killing) isAsInState() {
	k.world.t.Helper()
	text, err := os.ReadFile(filepath.Join(k.dir, stateFile))
	if err != nil || strings.Contains(string(text), "tainted") {
		k.world.t.Fatalf("%v, %s", err, text)
	}
	mirrors, err := k.admin(k.destination).Mirrors(k.world.t.Context(), "demo-link", "")
	if err != nil {
		k.world.t.Fatal(err)
	}
	var names []string
	for _, m := range mirrors {
		names = append(names, m.Name)
		if !strings.Contains(string(text), `"lkc-destination/demo-link/`+m.Name+`"`) || m.Status != "ACTIVE" {
			k.world.t.Errorf("%s is %s on the server, and this in state: %s", m.Name, m.Status, text)
		}
	}
	if slices.Sort(names); !slices.Equal(names, k.topics) {
		k.world.t.Errorf("mirrored: %q, want %q", names, k.topics)
	}
}

// cycle is one creation and one destruction.
func (k *killing) cycle(n int, strike func(command string)) {
	k.world.t.Helper()
	k.topics = nil
	for i := range 4 {
		k.topics = append(k.topics, fmt.Sprintf("topic-%02d-%d", n, i))
	}
	k.seed(k.topics, k.beforehand...)
	k.write(k.config(demoLink("") + fmt.Sprintf(`
resource "clusterlink_mirror_topic" "all" {
  for_each          = toset(split(" ", %q))
  endpoint          = "destination"
  link_name         = clusterlink_link.demo.link_name
  source_topic_name = each.key
}
`, strings.Join(k.topics, " "))))
	strike("apply")
	k.converges()
	k.orphaned.sweep()
	k.isAsInState()
	for _, topic := range k.topics {
		k.produce(k.source, topic, k.during...)
	}
	k.file("imports.tf", "")
	strike("destroy")
	k.isDestroyed()
	k.orphaned.sweep()

	if links, err := k.admin(k.destination).Links(k.world.t.Context()); err != nil || len(links) > 0 {
		k.world.t.Errorf("links that are left: %v, %v", links, err)
	}
	all := slices.Concat(k.beforehand, k.during)
	k.holds(k.source, k.topics, all...)
	k.records += k.holds(k.destination, k.topics, all...)
	k.produce(k.destination, k.topics[0], "written here")
}

// alone runs a command to its end, and counts its calls.
func (k *killing) alone(command string) {
	k.world.t.Helper()
	k.destination.ResetRequests()
	k.orphaned = k.start(command, "-auto-approve")
	if err := k.orphaned.wait(); err != nil {
		k.world.t.Fatalf("%s\n%s", err, k.orphaned.output())
	}
	k.calls[command] = len(k.destination.Requests())
}

// Whenever Terraform or the provider is brought to an end, running it again
// converges, and every record arrives once.
func TestKills(t *testing.T) {
	t.Parallel()
	const worlds, kills = 3, 10 // of apply and of destroy each
	seed := uint64(time.Now().UnixNano())
	if given, err := strconv.ParseUint(os.Getenv("CLUSTERLINK_SEED"), 10, 64); err == nil {
		seed = given
	}
	t.Logf("repeat with CLUSTERLINK_SEED=%d", seed)
	var mu sync.Mutex
	sum := killing{kills: map[string]int{}}
	for world := range worlds {
		t.Run(strconv.Itoa(world), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			k := &killing{
				world: w, cli: newCLI(t, ""), random: rand.New(rand.NewPCG(seed, uint64(world))), calls: map[string]int{}, kills: map[string]int{},
				beforehand: numbers(20), during: []string{"a", "b", "c", "d", "e"},
			}
			k.separately()
			w.destination.SetLatency(10 * time.Millisecond)
			k.cycle(0, k.alone)
			for n := 1; min(k.kills["apply"], k.kills["destroy"]) < kills && !t.Failed(); n++ {
				k.cycle(n, k.strike)
			}
			mu.Lock()
			defer mu.Unlock()
			sum.imported, sum.records = sum.imported+k.imported, sum.records+k.records
			for name, n := range k.kills {
				sum.kills[name] += n
			}
		})
	}
	t.Cleanup(func() {
		var ways []string
		for _, end := range ends {
			ways = append(ways, fmt.Sprintf("%s %d times", end.name, sum.kills[end.name]))
		}
		figures.Tell(t, "kills: %d of an apply and %d of a destroy survived (%s); %d objects were imported by the block that the error gave; %d records arrived, none missing, none double",
			sum.kills["apply"], sum.kills["destroy"], strings.Join(ways, ", "), sum.imported, sum.records)
	})
}
