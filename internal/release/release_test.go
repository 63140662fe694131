package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
)

var host = runtime.GOOS + "_" + runtime.GOARCH

// compile builds a program that takes but a moment: this one.
func compile(flags ...string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // there is nothing to do about it
	program := filepath.Join(folder, "program")
	cmd := exec.Command("go", append(append([]string{"build", "-o", program}, flags...), ".")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return os.ReadFile(program)
}

var reproducible = sync.OnceValues(func() ([]byte, error) { return compile("-trimpath", "-buildvcs=false") })

// released fills a folder as goreleaser does, for this machine alone.
func released(t *testing.T, program []byte, err error) *release {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r := &release{folder: t.TempDir(), version: "1.2.3", manifest: "../../terraform-registry-manifest.json"}
	r.write(t, "metadata.json", []byte(`{"version": "1.2.3"}`))
	r.write(t, r.name("sbom.cdx.json"), []byte(`{"bomFormat": "CycloneDX", "components": []}`))
	r.zip(t, map[string]string{"LICENSE": "none", r.program(): string(program)})
	r.sum(t)
	return r
}

func (r *release) program() string {
	if runtime.GOOS == "windows" {
		return project + "_v" + r.version + ".exe"
	}
	return project + "_v" + r.version
}

func (r *release) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.folder, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (r *release) zip(t *testing.T, files map[string]string) {
	t.Helper()
	file, err := os.Create(r.path(host + ".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // closing the archive tells
	archive := zip.NewWriter(file)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &zip.FileHeader{Name: name}
		header.SetMode(0o755)
		w, err := archive.CreateHeader(header)
		if err == nil {
			_, err = w.Write([]byte(files[name]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
}

// sum writes SHA256SUMS of what is there.
func (r *release) sum(t *testing.T) {
	t.Helper()
	var lines strings.Builder
	for name, file := range map[string]string{
		r.name("sbom.cdx.json"): r.path("sbom.cdx.json"),
		r.archive(host):         r.path(host + ".zip"),
		r.name("manifest.json"): r.manifest,
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		fmt.Fprintf(&lines, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	}
	r.write(t, r.name("SHA256SUMS"), []byte(lines.String()))
}

// expect reads the folder anew and wants these words of trouble, or none.
func (r *release) expect(t *testing.T, platforms []string, words string) {
	t.Helper()
	opened, err := open(r.folder, r.manifest)
	if err == nil {
		err = opened.check(platforms)
	}
	if (words == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), words) {
		t.Errorf("found %v, want %q", err, words)
	}
}

func TestWhatIsWrongWithAReleaseIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change    func(*testing.T, *release)
		platforms []string
		want      string
	}{
		"nothing":                     {},
		"an archive is missing":       {platforms: []string{host, "plan9_386"}, want: "_plan9_386.zip"},
		"an archive too many":         {platforms: []string{}, want: "SHA256SUMS is of"},
		"an archive was changed":      {change: func(t *testing.T, r *release) { r.zip(t, nil) }, want: "has not the sum"},
		"no program":                  {change: func(t *testing.T, r *release) { r.zip(t, nil); r.sum(t) }, want: "no " + project + "_v1.2.3"},
		"more than a program":         {change: func(t *testing.T, r *release) { r.zip(t, map[string]string{".env": ""}); r.sum(t) }, want: ".env has no place"},
		"a program that is none":      {change: func(t *testing.T, r *release) { r.zip(t, map[string]string{r.program(): "#!"}); r.sum(t) }, want: "unrecognized file format"},
		"no version":                  {change: func(t *testing.T, r *release) { r.write(t, "metadata.json", []byte("{}")) }, want: "names no version"},
		"sums that are none":          {change: func(t *testing.T, r *release) { r.write(t, r.name("SHA256SUMS"), []byte("abc\n")) }, want: "no line of checksums"},
		"materials that are none":     {change: func(t *testing.T, r *release) { r.write(t, r.name("sbom.cdx.json"), []byte("{}")) }, want: "no bill of materials"},
		"a licence that is not taken": {change: component(`{"name": "a", "version": "v1", "evidence": {"licenses": [{"license": {"id": "MIT"}}, {"license": {"id": "AGPL-3.0"}}]}}`), want: "a v1: its licence, AGPL-3.0"},
		"no licence":                  {change: component(`{"name": "a", "version": "v1"}`), want: "a v1: no licence is known"},
		"a manifest of protocol 5":    {change: manifest(`{"version": 1, "metadata": {"protocol_versions": ["5.0"]}}`), want: `"5.0"`},
		"a manifest that is broken":   {change: manifest(`{`), want: "unexpected end of JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program, err := reproducible()
			r := released(t, program, err)
			if c.change != nil {
				c.change(t, r)
			}
			if c.platforms == nil {
				c.platforms = []string{host}
			}
			r.expect(t, c.platforms, c.want)
		})
	}
}

func component(text string) func(*testing.T, *release) {
	return func(t *testing.T, r *release) {
		t.Helper()
		r.write(t, r.name("sbom.cdx.json"), []byte(`{"bomFormat": "CycloneDX", "components": [`+text+`]}`))
		r.sum(t)
	}
}

func manifest(text string) func(*testing.T, *release) {
	return func(t *testing.T, r *release) {
		t.Helper()
		r.write(t, "manifest", []byte(text))
		r.manifest = filepath.Join(r.folder, "manifest")
		r.sum(t)
	}
}

func TestProgramsThatDependOnWhereTheyAreBuilt(t *testing.T) {
	t.Parallel()
	program, err := compile()
	released(t, program, err).expect(t, []string{host}, "-trimpath")
	for settings, want := range map[string]string{
		"GOOS=linux GOARCH=arm -trimpath=true CGO_ENABLED=0":         "",
		"GOOS=linux GOARCH=arm -trimpath=true CGO_ENABLED=1":         "CGO_ENABLED=0 are missing",
		"GOOS=linux GOARCH=arm64 -trimpath=true CGO_ENABLED=0":       "is for linux_arm64",
		"GOOS=linux GOARCH=arm -trimpath=true CGO_ENABLED=0 vcs=git": "-buildvcs=false is missing",
	} {
		info := &debug.BuildInfo{}
		for setting := range strings.SplitSeq(settings, " ") {
			key, value, _ := strings.Cut(setting, "=")
			info.Settings = append(info.Settings, debug.BuildSetting{Key: key, Value: value})
		}
		if err := checkSettings("linux_arm", info); (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v, want %q", settings, err, want)
		}
	}
}

func TestEveryDependencyIsInTheBillOfMaterials(t *testing.T) {
	t.Parallel()
	r := &release{listed: materials{"a v1": {"MIT"}, "c v3": {"MIT"}}}
	listed := &debug.BuildInfo{Deps: []*debug.Module{{Path: "a", Version: "v1"}, {Path: "b", Replace: &debug.Module{Path: "c", Version: "v3"}}}}
	if err := r.checkMaterials(listed); err != nil {
		t.Error(err)
	}
	missing := &debug.BuildInfo{Deps: []*debug.Module{{Path: "a", Version: "v2"}, {Path: "c", Version: "v3"}}}
	if err := r.checkMaterials(missing); err == nil || !strings.Contains(err.Error(), `["a v2"]`) {
		t.Errorf("found %v", err)
	}
}

// Two builds in folders of their own are the same, and one with other flags is not.
func TestTwoBuilds(t *testing.T) {
	t.Parallel()
	program, err := reproducible()
	first := released(t, program, err)
	program, err = compile("-trimpath", "-buildvcs=false")
	again := released(t, program, err)
	program, err = compile("-trimpath", "-buildvcs=false", "-ldflags=-s")
	other := released(t, program, err)
	r, err := open(first.folder, first.manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.same(again.folder); err != nil {
		t.Error(err)
	}
	if err := r.same(other.folder); err == nil || !strings.Contains(err.Error(), host) {
		t.Errorf("found %v", err)
	}
}
