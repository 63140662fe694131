package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
)

// licences are those that a program under MPL-2.0 may be linked with, by SPDX id.
var licences = []string{
	"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0",
	"BSD-Source-Code", // what Go's own BSD-3-Clause is taken for, since it names Google LLC
}

// materials are the licences of each dependency in a bill of materials, which is
// called "path version".
type materials map[string][]string

// readMaterials reads a bill in CycloneDX's JSON.
func readMaterials(file string) (materials, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var bill struct {
		BOMFormat  string
		Components []struct {
			Name, Version string
			Evidence      struct {
				Licenses []struct{ License struct{ ID string } }
			}
		}
	}
	if err := json.Unmarshal(text, &bill); err != nil || bill.BOMFormat != "CycloneDX" {
		return nil, fmt.Errorf("%s is no bill of materials (%w)", file, err)
	}
	listed := materials{}
	for _, c := range bill.Components {
		found := []string{}
		if c.Name == "std" { // Go itself, of which the bill knows no licence
			found = append(found, "BSD-3-Clause")
		}
		for _, l := range c.Evidence.Licenses {
			found = append(found, l.License.ID)
		}
		listed[c.Name+" "+c.Version] = found
	}
	return listed, nil
}

// checkMaterials wants every dependency that was linked in the bill of materials.
func (r *release) checkMaterials(info *debug.BuildInfo) error {
	var missing []string
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		if dependency := module.Path + " " + module.Version; r.listed[dependency] == nil {
			missing = append(missing, dependency)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the bill of materials does not list %q", missing)
	}
	return nil
}

// checkLicences wants all licences of every dependency to be among those taken,
// and at least one.
func (r *release) checkLicences() error {
	var errs []error
	for dependency, found := range r.listed {
		if len(found) == 0 {
			errs = append(errs, fmt.Errorf("%s: no licence is known", dependency))
		}
		for _, licence := range found {
			if !slices.Contains(licences, licence) {
				errs = append(errs, fmt.Errorf("%s: its licence, %s, is not among those that are taken: %q", dependency, licence, licences))
			}
		}
	}
	return errors.Join(errs...)
}
