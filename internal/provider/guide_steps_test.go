package provider

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A guide that is walked says everything in steps. A step is one or more blocks
// under the same mark: variables and files to write, commands to run, requests
// to send, in their order.
var walked = []string{"disaster-recovery", "migrating"}

// steps are those of a guide, and which of them were taken.
type steps struct {
	blocks map[string][]block
	taken  sync.Map
}

// readSteps reads a guide. Steps that are never taken fail the test.
func readSteps(t *testing.T, guide string) *steps {
	t.Helper()
	if !slices.Contains(walked, guide) {
		t.Fatalf("%q is not among the guides that are walked", guide)
	}
	s := &steps{blocks: map[string][]block{}}
	for _, b := range blocks(t, filepath.Join(guides, guide+".md.tmpl")) {
		if b.language != "text" {
			s.blocks[b.step] = append(s.blocks[b.step], b)
		}
	}
	t.Cleanup(func() {
		for step := range s.blocks {
			if _, taken := s.taken.Load(step); !taken && !t.Skipped() && !t.Failed() {
				t.Errorf("the step %q was not taken", step)
			}
		}
	})
	return s
}

// walk does what a guide says, as it stands there, so that the page and what is
// tested cannot drift apart.
type walk struct {
	*cli
	*steps
	w         *world
	variables map[string]string // as terraform.tfvars has them, by name
	// replaced are the names of the guide that this world's take the place of
	replaced *strings.Replacer
	// invoke carries an action out where the CLI is too old to
	invoke func(address string, variables []string) string
}

// takes does a step, and returns what was said. After a failure no more steps are
// taken, since each builds on those before.
func (g *walk) takes(step string) string {
	g.t.Helper()
	if g.t.Failed() {
		g.t.FailNow()
	}
	g.taken.Store(step, true)
	if len(g.blocks[step]) == 0 {
		g.t.Errorf("the guide has no step %q", step)
	}
	var said strings.Builder
	for _, block := range g.blocks[step] {
		switch {
		case block.language == "shell":
			for command := range strings.Lines(block.text) {
				said.WriteString(g.runs(strings.TrimSpace(command)) + "\n")
			}
		case block.language == "http":
			said.WriteString(g.sends(block.text) + "\n")
		case block.file != "":
			g.file(block.file, g.replaced.Replace(block.text))
		default:
			g.sets(block.text)
		}
	}
	return said.String()
}

// sets writes variables into terraform.tfvars. Those that were written before stay.
func (g *walk) sets(variables string) {
	g.t.Helper()
	for _, line := range regexp.MustCompile(`(?m)^(\w+) = .+$`).FindAllStringSubmatch(variables, -1) {
		g.variables[line[1]] = line[0]
	}
	g.file("terraform.tfvars", strings.Join(slices.Sorted(maps.Values(g.variables)), "\n"))
}

// onlySets is what stands in a step before anything is run or sent.
func (g *walk) onlySets(step string) {
	g.t.Helper()
	if first := g.blocks[step][0]; first.language == "hcl" {
		g.sets(first.text)
		return
	}
	g.t.Errorf("the step %q does not begin with variables", step)
}

// runs runs a command of the guide. Only apply asks for approval, which nobody
// is there to give.
func (g *walk) runs(command string) string {
	g.t.Helper()
	words := strings.Fields(command)
	if len(words) < 2 || words[0] != "terraform" {
		g.t.Fatalf("a command that no test knows how to run: %q", command)
	}
	args := words[1:]
	if g.invoke != nil && len(args) > 1 {
		if address, invokes := strings.CutPrefix(args[1], "-invoke="); invokes {
			return g.invoke(address, args[2:])
		}
	}
	if args[0] == "apply" {
		args = append(args, "-auto-approve")
	}
	return g.succeeds(args...)
}

// sends sends a request that the guide writes out: method and address, an empty
// line, the body.
func (g *walk) sends(request string) string {
	g.t.Helper()
	head, body, _ := strings.Cut(request, "\n\n")
	method, url, _ := strings.Cut(g.replaced.Replace(head), " ")
	r, err := http.NewRequestWithContext(g.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", adminAgent)
	r.SetBasicAuth(restUser, restPassword)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(g.w.source.CACertificate()))
	trusted.AppendCertsFromPEM([]byte(g.w.destination.CACertificate()))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	answer, err := client.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		g.t.Errorf("%s: %s %s (%v)", head, answer.Status, said, err)
	}
	return string(said)
}

// overTheWire carries actions out that stand in a file of the configuration,
// which the CLI is too old for: it only evaluates what is in their blocks.
func (g *walk) overTheWire(actions string, provider attrs) func(address string, variables []string) string {
	return func(address string, variables []string) string {
		g.t.Helper()
		kind, name, _ := strings.Cut(strings.TrimPrefix(address, "action."), ".")
		block := regexp.MustCompile(`(?s)action "` + kind + `" "` + name + `" \{\s+config \{\n(.*?)\n  \}`).FindStringSubmatch(actions)
		if block == nil {
			g.t.Fatalf("no %s", address)
		}
		config := g.evaluates("{"+strings.ReplaceAll(block[1], "\n", ",")+"}", variables)
		for argument, v := range config {
			if elements, ok := v.([]any); ok {
				names := make([]string, len(elements))
				for i, e := range elements {
					names[i] = e.(string)
				}
				config[argument] = set(names...)
			}
		}
		wire := newWire(g.t)
		expectDiagnostics(g.t, wire.configure(provider))
		done := wire.invoke(g.t.Context(), strings.TrimSuffix(strings.TrimPrefix(kind, "clusterlink_"), "_mirror_topics"), config)
		expectDiagnostics(g.t, done.diagnostics)
		return strings.Join(done.progress, "\n")
	}
}

// evaluates has the CLI evaluate an object.
func (c *cli) evaluates(object string, variables []string) attrs {
	c.t.Helper()
	var said bytes.Buffer
	console := c.command(&said, append([]string{"console"}, variables...)...)
	console.Args = console.Args[:len(console.Args)-1] // it knows no -no-color
	console.Stdin = strings.NewReader("jsonencode(" + object + ")\n")
	if err := console.Run(); err != nil {
		c.t.Fatalf("%s: %s", err, said.String())
	}
	text, err := strconv.Unquote(strings.TrimSpace(said.String()))
	if err != nil {
		c.t.Fatalf("%s: %s", err, said.String())
	}
	var evaluated attrs
	if err := json.Unmarshal([]byte(text), &evaluated); err != nil {
		c.t.Fatal(err)
	}
	return evaluated
}
