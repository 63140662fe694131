// Command release checks what goreleaser has built, before anybody installs it:
// that the files are named, summed and described as the registries want them,
// and that each archive holds a program of its platform, stripped, free of the
// folder it was built in, and with no dependency that the bill of materials does
// not mention, or whose licence is not among those that are taken. Given the folder of a second build, both must be the same.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	manifest := flag.String("manifest", "terraform-registry-manifest.json", "what the registries are told of the provider")
	flag.Usage = func() {
		_, _ = fmt.Fprintln(flag.CommandLine.Output(), "release FOLDER [FOLDER OF A SECOND BUILD]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() < 1 || flag.NArg() > 2 {
		flag.Usage()
		os.Exit(2)
	}
	r, err := open(flag.Arg(0), *manifest)
	if err == nil {
		err = r.check(platforms)
	}
	if err == nil && flag.NArg() == 2 {
		err = r.same(flag.Arg(1))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "release: %s\n", err)
		os.Exit(1)
	}
	fmt.Printf("%s is good for the registries: %d archives, the largest program has %.1f MB\n", flag.Arg(0), len(platforms), float64(r.largest)/1e6)
	if flag.NArg() == 2 {
		fmt.Printf("and %s holds the same, byte for byte\n", flag.Arg(1))
	}
}

// platforms are those that a release is for, as GOOS_GOARCH.
var platforms = []string{
	"darwin_amd64", "darwin_arm64",
	"freebsd_386", "freebsd_amd64", "freebsd_arm", "freebsd_arm64",
	"linux_386", "linux_amd64", "linux_arm", "linux_arm64",
	"windows_386", "windows_amd64", "windows_arm64",
}

// check tells everything that is wrong in one go.
func (r *release) check(platforms []string) error {
	errs := []error{r.checkNames(platforms), r.checkSums(), r.checkManifest(), r.checkLicences()}
	for _, platform := range platforms {
		if err := r.checkArchive(platform); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.archive(platform), err))
		}
	}
	return errors.Join(errs...)
}
