package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const project = "terraform-provider-clusterlink"

// release is a folder that goreleaser has filled.
type release struct {
	folder  string
	version string            // without v
	sums    map[string]string // of SHA256SUMS: the sum of each file
	listed  materials

	manifest string // path of the file that the release has as _manifest.json
	largest  int64  // bytes of the largest program found so far
}

func open(folder, manifest string) (*release, error) {
	r := &release{folder: folder, manifest: manifest}
	var err error
	if r.version, err = version(folder); err != nil {
		return nil, err
	}
	if r.sums, err = readSums(r.path("SHA256SUMS")); err != nil {
		return nil, err
	}
	r.listed, err = readMaterials(r.path("sbom.cdx.json"))
	return r, err
}

// name is that of a file of the release, such as its checksums.
func (r *release) name(end string) string { return project + "_" + r.version + "_" + end }

func (r *release) archive(platform string) string { return r.name(platform + ".zip") }

func (r *release) path(end string) string { return filepath.Join(r.folder, r.name(end)) }

func version(folder string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "metadata.json"))
	if err != nil {
		return "", err
	}
	var metadata struct{ Version string }
	if err := json.Unmarshal(text, &metadata); err != nil || metadata.Version == "" {
		return "", fmt.Errorf("metadata.json names no version (%w)", err)
	}
	return metadata.Version, nil
}

// readSums reads lines of a sum, two spaces and a name.
func readSums(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok {
			return nil, fmt.Errorf("%s: %q is no line of checksums", file, lines.Text())
		}
		sums[name] = sum
	}
	return sums, lines.Err()
}

// checkNames wants an archive of each platform, the manifest and the bill of
// materials in SHA256SUMS, and nothing else.
func (r *release) checkNames(platforms []string) error {
	want := []string{r.name("manifest.json"), r.name("sbom.cdx.json")}
	for _, platform := range platforms {
		want = append(want, r.archive(platform))
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(r.sums)); !slices.Equal(got, want) {
		return fmt.Errorf("SHA256SUMS is of\n%s\nand should be of\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return nil
}

func (r *release) checkSums() error {
	var errs []error
	for name, want := range r.sums {
		file := filepath.Join(r.folder, name)
		if name == r.name("manifest.json") {
			file = r.manifest // goreleaser uploads it under that name, and writes no copy
		}
		content, err := os.ReadFile(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
			errs = append(errs, fmt.Errorf("%s has not the sum that SHA256SUMS has", name))
		}
	}
	return errors.Join(errs...)
}

// checkManifest wants the protocol that main.go serves.
func (r *release) checkManifest() error {
	text, err := os.ReadFile(r.manifest)
	if err != nil {
		return err
	}
	var manifest struct {
		Version  int
		Metadata struct {
			Protocols []string `json:"protocol_versions"`
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return fmt.Errorf("%s: %w", r.manifest, err)
	}
	if manifest.Version != 1 || !slices.Equal(manifest.Metadata.Protocols, []string{"6.0"}) {
		return fmt.Errorf("%s is %s", r.manifest, text)
	}
	return nil
}

// same wants the same sums in the folder of another build.
func (r *release) same(folder string) error {
	other, err := readSums(filepath.Join(folder, r.name("SHA256SUMS")))
	if err != nil {
		return err
	}
	var differ []string
	for name, sum := range r.sums {
		if other[name] != sum {
			differ = append(differ, name)
		}
	}
	if len(differ) > 0 || len(other) != len(r.sums) {
		slices.Sort(differ)
		return fmt.Errorf("the second build is another: %q", differ)
	}
	return nil
}
