package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"
)

// A kind is one of the sorts of thing that a provider registers. Its examples are where
// the documentation generator looks for them: FOLDER/NAME/FILES.
type kind struct {
	folder string
	files  string // a pattern for path.Match
	names  []string
}

// checkExamples returns an error for everything registered that has no example, and for
// every example of something that is not registered, all joined.
func checkExamples(examples fs.FS, schema *tfjson.ProviderSchema) error {
	kinds := []kind{
		{"resources", "resource*.tf", names(schema.ResourceSchemas)},
		{"data-sources", "data-source*.tf", names(schema.DataSourceSchemas)},
		{"ephemeral-resources", "ephemeral-resource*.tf", names(schema.EphemeralResourceSchemas)},
		{"list-resources", "list-resource*.tfquery.hcl", names(schema.ListResourceSchemas)},
		{"actions", "action*.tf", names(schema.ActionSchemas)},
		{"functions", "function*.tf", names(schema.Functions)},
	}
	errs := []error{requireFile(examples, "provider/provider*.tf")}
	for _, k := range kinds {
		for _, name := range k.names {
			errs = append(errs, requireFile(examples, path.Join(k.folder, name, k.files)))
		}
		errs = append(errs, refuseOthers(examples, k))
	}
	return errors.Join(errs...)
}

func names[Schema any](schemas map[string]Schema) []string {
	return slices.Sorted(maps.Keys(schemas))
}

func requireFile(examples fs.FS, pattern string) error {
	found, err := fs.Glob(examples, pattern)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no example %s", pattern)
	}
	return err
}

func refuseOthers(examples fs.FS, k kind) error {
	entries, err := fs.ReadDir(examples, k.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		if !slices.Contains(k.names, entry.Name()) {
			errs = append(errs, fmt.Errorf("the provider registers nothing for %s", path.Join(k.folder, entry.Name())))
		}
	}
	return errors.Join(errs...)
}
