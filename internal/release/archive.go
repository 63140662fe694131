package main

import (
	"archive/zip"
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

// largestProgram is in bytes. Everybody who runs terraform init downloads it.
const largestProgram = 25_000_000

// checkArchive wants the program under the name by which the CLI finds it, and
// texts beside it.
func (r *release) checkArchive(platform string) error {
	archive, err := zip.OpenReader(r.path(platform + ".zip"))
	if err != nil {
		return err
	}
	defer archive.Close() //nolint:errcheck // it was only read
	name := project + "_v" + r.version
	if strings.HasPrefix(platform, "windows") {
		name += ".exe"
	}
	var program *zip.File
	for _, f := range archive.File {
		switch f.Name {
		case name:
			program = f
		case "LICENSE", "README.md", "CHANGELOG.md":
		default:
			return fmt.Errorf("%s has no place in it", f.Name)
		}
	}
	if program == nil {
		return fmt.Errorf("no %s in it", name)
	}
	return r.checkProgram(platform, program)
}

func (r *release) checkProgram(platform string, program *zip.File) error {
	if program.Mode().Perm() != 0o755 {
		return fmt.Errorf("the program's mode is %s", program.Mode())
	}
	r.largest = max(r.largest, int64(program.UncompressedSize64))
	if program.UncompressedSize64 > largestProgram {
		return fmt.Errorf("the program has %d bytes, and may have %d", program.UncompressedSize64, largestProgram)
	}
	reader, err := program.Open()
	if err != nil {
		return err
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	info, err := buildinfo.Read(bytes.NewReader(content))
	if err != nil {
		return err
	}
	return errors.Join(checkSettings(platform, info), r.checkMaterials(info))
}

// checkSettings wants a build for the platform that gives the same bytes
// wherever it is done.
func checkSettings(platform string, info *debug.BuildInfo) error {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	var errs []error
	if is := settings["GOOS"] + "_" + settings["GOARCH"]; is != platform {
		errs = append(errs, fmt.Errorf("the program is for %s", is))
	}
	if settings["-trimpath"] != "true" || settings["CGO_ENABLED"] != "0" {
		errs = append(errs, errors.New("the program depends on where it is built: -trimpath and CGO_ENABLED=0 are missing"))
	}
	if settings["vcs"] != "" {
		errs = append(errs, errors.New("the program depends on the clone it is built in: -buildvcs=false is missing"))
	}
	return errors.Join(errs...)
}
