package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// fakeCLI is a program that knows no more than its version, and tells it as the
// real one does.
func fakeCLI(version string) string {
	return fmt.Sprintf(`#!/bin/sh
if [ "$2" = -json ]; then echo '{"terraform_version": %q}'; else printf 'Terraform v%s\non a platform\n'; fi
`, version, version)
}

// installFake writes a fake CLI into a folder of its own, and returns the folder.
func installFake(t *testing.T, version string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the fake CLI is a shell script")
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "terraform"), []byte(fakeCLI(version)), 0o700); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestNamedCLI(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"1.10.5": "Terraform v1.10.5 at ",
		"1.11.0": "",
		// What is built from source. It is taken for the version that it is to become.
		"1.11.14-dev": "",
		"nine":        "ask ",
	} {
		path := filepath.Join(installFake(t, version), "terraform")
		found, title, err := findCLI(t.Context(), path, latestCLI(t.TempDir()))
		switch {
		case want == "" && (err != nil || found != path || title != "Terraform v"+version):
			t.Errorf("version %s: found %q, %q (%v)", version, found, title, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("version %s: error %v, want %q", version, err, want)
		}
	}
}

// It changes PATH, so it runs before the tests that are parallel.
func TestCLIOnPathOrFetched(t *testing.T) {
	server := httptest.NewServer(nil)
	defer server.Close()
	mux, publicKey := releaseServer(t, "1.9.8", "1.12.3", "1.13.0-beta1")
	server.Config.Handler = mux
	for onPath, want := range map[string]string{
		"1.11.4": "1.11.4", // used
		"1.10.0": "1.12.3", // too old, so the latest release is fetched
		"":       "1.12.3",
	} {
		path := ""
		if onPath != "" {
			path = installFake(t, onPath)
		}
		t.Setenv("PATH", path+string(os.PathListSeparator)+"/bin")
		fetch := latestCLI(t.TempDir())
		fetch.ApiBaseURL, fetch.ArmoredPublicKey = server.URL, publicKey
		found, _, err := findCLI(t.Context(), "", fetch)
		if err != nil {
			t.Errorf("with %q on PATH: %v", onPath, err)
			continue
		}
		if text, err := os.ReadFile(found); err != nil || string(text) != fakeCLI(want) {
			t.Errorf("with %q on PATH: %s is %q (%v), want version %s", onPath, found, text, err, want)
		}
	}

	t.Setenv("PATH", "/bin")
	fetch := latestCLI(t.TempDir())
	fetch.ApiBaseURL = server.URL
	if found, _, err := findCLI(t.Context(), "", fetch); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("a release that HashiCorp did not sign: found %q (%v)", found, err)
	}
}

// releaseServer has releases of fake CLIs in the layout of releases.hashicorp.com,
// signed with a key of its own.
func releaseServer(t *testing.T, versions ...string) (*http.ServeMux, string) {
	t.Helper()
	key, err := openpgp.NewEntity("releases", "", "releases@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	serve := func(path, contentType string, content []byte) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(content)
		})
	}
	index := map[string]any{}
	for _, version := range versions {
		archive := zipOf(t, "terraform", fakeCLI(version))
		file := fmt.Sprintf("terraform_%s_%s_%s.zip", version, runtime.GOOS, runtime.GOARCH)
		base := "/terraform/" + version + "/"
		sums := fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(archive), file)
		var signature bytes.Buffer
		if err := openpgp.DetachSign(&signature, key, bytes.NewReader(sums), nil); err != nil {
			t.Fatal(err)
		}
		serve(base+file, "application/zip", archive)
		serve(base+"SHA256SUMS", "text/plain", sums)
		serve(base+"x_SHA256SUMS.sig", "application/octet-stream", signature.Bytes())
		index[version] = map[string]any{
			"name": "terraform", "version": version, "shasums": "SHA256SUMS", "shasums_signature": "x_SHA256SUMS.sig",
			"builds": []map[string]string{{
				"name": "terraform", "version": version, "os": runtime.GOOS, "arch": runtime.GOARCH, "filename": file, "url": base + file,
			}},
		}
	}
	text, err := json.Marshal(map[string]any{"name": "terraform", "versions": index})
	if err != nil {
		t.Fatal(err)
	}
	serve("/terraform/index.json", "application/json", text)
	return mux, armored(t, key)
}

func armored(t *testing.T, key *openpgp.Entity) string {
	t.Helper()
	var text bytes.Buffer
	writer, err := armor.Encode(&text, openpgp.PublicKeyType, nil)
	if err == nil {
		err = key.Serialize(writer)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// zipOf is an archive with one member.
func zipOf(t *testing.T, name, text string) []byte {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	member, err := writer.Create(name)
	if err == nil {
		_, err = io.WriteString(member, text)
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
