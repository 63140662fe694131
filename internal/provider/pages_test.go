package provider

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/tfversion"
)

// Every configuration in every page is planned. A page is a Markdown file or a
// template of one, anywhere in the repository.

const (
	repository = "../.."
	guides     = repository + "/templates/guides"
)

// block is what stands between two fences of a page.
type block struct {
	mark     string // of an HTML comment before it: blocks under the same mark are one configuration
	step     string // or one step of those that a walk takes, in their order
	file     string // that the block is, in a step
	language string
	text     string
	line     int
}

var (
	fence     = regexp.MustCompile("^(\\s*)(?:```|~~~)(.*)$")
	blockMark = regexp.MustCompile(`^<!-- (config|step): ([a-z-]+)(?:, file: ([a-z.]+))? -->$`)
	// looksLikeHCL finds the first line of a block of Terraform's language.
	looksLikeHCL = regexp.MustCompile(`^\s*(action|check|data|ephemeral|import|list|locals|module|moved|output|provider|provider_installation|removed|resource|terraform|variable)( +"[^"]+"){0,2} *\{`)
)

// blocks reads a page. What is no fenced block at the beginning of a line, of a
// known language, must not look like a configuration, or it would go unnoticed.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var found []block
	var open *block
	var mark block
	for i, line := range strings.Split(string(text), "\n") {
		complain := func(what string) { t.Errorf("%s:%d: %s: %s", page, i+1, what, line) }
		edge := fence.FindStringSubmatch(line)
		switch {
		case edge != nil && edge[1] != "":
			complain("a block that does not begin the line")
		case edge != nil && open == nil:
			open = &block{mark: mark.mark, step: mark.step, file: mark.file, language: edge[2], line: i + 1}
			if !slices.Contains([]string{"terraform", "hcl", "shell", "http", "text"}, open.language) {
				complain("a block of a language that no test knows")
			}
			if guide, _, _ := strings.Cut(filepath.Base(page), "."); open.step != "" && !slices.Contains(walked, guide) {
				complain("a step that no test takes")
			}
		case edge != nil:
			found = append(found, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
			if looksLikeHCL.MatchString(line) && !open.isConfiguration() {
				complain("a configuration in a block of another language")
			}
		case looksLikeHCL.MatchString(line):
			complain("a configuration outside of a block")
		}
		if m := blockMark.FindStringSubmatch(line); m != nil {
			mark = block{file: m[3]}
			if mark.mark = m[2]; m[1] == "step" {
				mark.mark, mark.step = "", m[2]
			}
		} else if open == nil {
			mark = block{}
		}
	}
	if open != nil {
		t.Errorf("%s:%d: a block that does not end", page, open.line)
	}
	return found
}

func (b block) isConfiguration() bool { return b.language == "terraform" || b.language == "hcl" }

// configurations are those of a page, by mark or by line. What stands in a step is
// applied by the test that takes it.
func configurations(t *testing.T, page string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, b := range blocks(t, page) {
		if b.isConfiguration() && b.step == "" {
			name := b.mark
			if name == "" {
				name = fmt.Sprintf("line %d", b.line)
			}
			found[name] += b.text
		}
	}
	return found
}

func guideConfigs(t *testing.T, guide string) map[string]string {
	t.Helper()
	return configurations(t, filepath.Join(guides, guide+".md.tmpl"))
}

// pages lists those that are written, and those that are generated of them.
func pages(t *testing.T) (written, generated []string) {
	t.Helper()
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != repository && (strings.HasPrefix(name, ".") && name != ".github" || name == "bin" || name == "dist"):
			return filepath.SkipDir
		case strings.HasPrefix(path, filepath.Join(repository, "docs")) && strings.HasSuffix(name, ".md"):
			generated = append(generated, path)
		case strings.HasSuffix(name, ".md"), strings.HasSuffix(name, ".md.tmpl"):
			written = append(written, path)
		}
		return nil
	})
	if err != nil || len(written) < 3 || len(generated) < 3 {
		t.Fatalf("pages: %q, %q, %v", written, generated, err)
	}
	return written, generated
}

// What the generated pages show is in an example or in a page that is written:
// tests of those plan it.
func TestGeneratedPagesShowNothingElse(t *testing.T) {
	t.Parallel()
	written, generated := pages(t)
	planned := map[string]bool{}
	for _, page := range written {
		for _, b := range blocks(t, page) {
			planned[strings.TrimSpace(b.text)] = true
		}
	}
	err := filepath.WalkDir(examples, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var text []byte
			text, err = os.ReadFile(path)
			planned[strings.TrimSpace(string(text))] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range generated {
		for _, b := range blocks(t, page) {
			if b.isConfiguration() && !planned[strings.TrimSpace(b.text)] {
				t.Errorf("%s:%d: no test plans this: run make docs", page, b.line)
			}
		}
	}
}

var (
	pageLink = regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)\s]+))?\)`)
	heading  = regexp.MustCompile(`(?m)^#+ +(.+)$|<a id="(.+?)">`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
	inSource = "https://github.com/clusterlink/terraform-provider-clusterlink/tree/main/"
)

// Links within the documentation lead to pages, headings and examples that are there.
func TestPagesLinkToWhatIsThere(t *testing.T) {
	t.Parallel()
	written, generated := pages(t)
	for _, page := range append(written, generated...) {
		if strings.HasSuffix(page, ".tmpl") { // whose links are for where the page will be
			continue
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range pageLink.FindAllStringSubmatch(string(text), -1) {
			target := filepath.Join(filepath.Dir(page), to[1])
			switch there, isHere := strings.CutPrefix(to[1], inSource); {
			case isHere:
				target = filepath.Join(repository, there)
			case strings.Contains(to[1], "://"):
				continue
			case to[1] == "":
				target = page
			}
			if found, err := os.ReadFile(target); to[2] != "" && !hasAnchor(string(found), to[2]) {
				t.Errorf("%s: %s has no heading #%s (%v)", page, target, to[2], err)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// The targets of make that pages mention are there.
func TestPagesNameTargetsOfMake(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile(repository + "/GNUmakefile")
	if err != nil {
		t.Fatal(err)
	}
	written, generated := pages(t)
	named := 0
	for _, page := range append(written, generated...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(string(text), -1) {
			named++
			if !strings.Contains(string(makefile), "\n"+target[1]+":") {
				t.Errorf("%s: make has no target %q", page, target[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("only %d targets were found", named)
	}
}

// hasAnchor reports whether a page has a heading that a link means.
func hasAnchor(page, anchor string) bool {
	for _, h := range heading.FindAllStringSubmatch(page, -1) {
		slug := strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")
		if slug == anchor || h[2] == anchor {
			return true
		}
	}
	return false
}

// Every configuration of every page can be planned, beside a provider that it
// does not bring itself, on a cluster that has a link and a mirror topic "orders"
// already.
func TestPagesPlan(t *testing.T) {
	t.Parallel()
	written, _ := pages(t)
	for _, page := range written {
		for name, configuration := range configurations(t, page) {
			t.Run(filepath.Base(page)+"/"+name, func(t *testing.T) {
				t.Parallel()
				if strings.HasPrefix(configuration, "provider_installation ") {
					expectInstallation(t, configuration)
					return
				}
				w := newWorld(t)
				w.topic("orders")
				w.linkAndMirror("orders")
				c := w.paged(configuration)
				said := c.succeeds("plan")
				for _, outcome := range outcomes(configuration) {
					if strings.Contains(said, outcome) {
						return
					}
				}
				t.Errorf("none of %q is in: %s", outcomes(configuration), said)
			})
		}
	}
}

const promotesOrders = `source_topic_name = "orders"
  state             = "PROMOTED"`

// outcomes is what planning a configuration may come to.
func outcomes(configuration string) []string {
	switch {
	case strings.Contains(configuration, promotesOrders):
		return []string{"Plan: 1 to import, 0 to add, 1 to change, 0 to destroy"}
	case regexp.MustCompile(`(?m)^import \{`).MatchString(configuration):
		return []string{"to import"}
	case regexp.MustCompile(`(?m)^resource "`).MatchString(configuration):
		return []string{"Plan: "}
	default: // nothing to do; for removed blocks, see the story of handing over
		return []string{"No changes.", "Changes to Outputs"}
	}
}

var usedVariable = regexp.MustCompile(`\bvar\.(\w+)`)

// paged runs the CLI with a configuration of a page, and what it leaves to the
// reader: the provider's block, files, declarations of variables.
func (w *world) paged(configuration string) *cli {
	w.t.Helper()
	c := newCLI(w.t, "")
	c.mustKnow(configuration)
	values := map[string]any{}
	for _, match := range usedVariable.FindAllStringSubmatch(configuration, -1) {
		declaration := fmt.Sprintf("variable %q {", match[1])
		_, declared, isDeclared := strings.Cut(configuration, declaration)
		if !isDeclared {
			c.file(match[1]+".tf", declaration+"}")
		}
		if body, _, _ := strings.Cut(declared, "\n}"); !strings.Contains(body, "default") {
			values[match[1]] = "secret"
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		w.t.Fatal(err)
	}
	c.file("terraform.tfvars.json", string(text))
	c.file("ca.pem", w.source.CACertificate())
	c.file("topics.txt", "clicks\nimpressions\n")
	preamble := w.exampleProvider()
	if strings.Contains(configuration, `provider "clusterlink"`) { // of which nothing is asked while creations are planned
		preamble["provider.tf"] = ""
	}
	if !strings.Contains(configuration, "required_providers") {
		preamble["sources_override.tf"] = requiredProviders
	}
	for name, text := range preamble {
		c.file(name, text)
	}
	c.file("main.tf", configuration)
	if strings.Contains(configuration, promotesOrders) { // which has to be mirrored before
		c.file("import.tf", "import {\n  to = clusterlink_mirror_topic.orders\n  id = \"destination/orders/orders\"\n}")
	}
	c.knowsStrangers()
	return c
}

// mustKnow skips the test where the CLI is too old for a configuration.
func (c *cli) mustKnow(configuration string) {
	c.t.Helper()
	if regexp.MustCompile(`(?m)^action "`).MatchString(configuration) {
		c.since(tfversion.Version1_14_0)
	}
}

// expectInstallation runs the CLI with a file that says where providers come from.
func expectInstallation(t *testing.T, file string) {
	t.Helper()
	c := newCLI(t, `provider "clusterlink" {}`)
	c.file("cli.tfrc", file)
	c.environment = append(c.environment, "TF_CLI_CONFIG_FILE="+filepath.Join(c.dir, "cli.tfrc"))
	said := c.succeeds("validate")
	if strings.Contains(file, "dev_overrides") {
		says(t, said, "overrides", "clusterlink/clusterlink in /path/to/")
	}
}
