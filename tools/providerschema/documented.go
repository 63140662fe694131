package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// A kind is one of the sorts of thing that a provider registers. The documentation
// generator looks for their examples in FOLDER/NAME/FILES, and writes their pages to
// FOLDER/PAGE.md.
type kind struct {
	folder string
	files  string // a pattern for path.Match
	names  []string
}

func kinds(schema *tfjson.ProviderSchema) []kind {
	return []kind{
		{"resources", "resource*.tf", names(schema.ResourceSchemas)},
		{"data-sources", "data-source*.tf", names(schema.DataSourceSchemas)},
		{"ephemeral-resources", "ephemeral-resource*.tf", names(schema.EphemeralResourceSchemas)},
		{"list-resources", "list-resource*.tfquery.hcl", names(schema.ListResourceSchemas)},
		{"actions", "action*.tf", names(schema.ActionSchemas)},
		{"functions", "function*.tf", names(schema.Functions)},
	}
}

// checkDocumented returns an error for everything registered that has no example or no
// page, and for every example and page of something that is not registered, all joined.
func checkDocumented(examples, pages fs.FS, schema *tfjson.ProviderSchema) error {
	errs := []error{requireFile(examples, "example", "provider/provider*.tf"), requireFile(pages, "page", "index.md")}
	for _, k := range kinds(schema) {
		var written []string
		for _, name := range k.names {
			page := strings.TrimPrefix(name, "clusterlink_") + ".md"
			written = append(written, page)
			errs = append(errs,
				requireFile(examples, "example", path.Join(k.folder, name, k.files)),
				requireFile(pages, "page", path.Join(k.folder, page)))
		}
		errs = append(errs, refuseOthers(examples, k.folder, k.names), refuseOthers(pages, k.folder, written))
	}
	return errors.Join(errs...)
}

func names[Schema any](schemas map[string]Schema) []string {
	return slices.Sorted(maps.Keys(schemas))
}

func requireFile(folder fs.FS, what, pattern string) error {
	found, err := fs.Glob(folder, pattern)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("no %s %s", what, pattern)
	}
	return err
}

func refuseOthers(in fs.FS, folder string, known []string) error {
	entries, err := fs.ReadDir(in, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, entry := range entries {
		if !slices.Contains(known, entry.Name()) {
			errs = append(errs, fmt.Errorf("the provider registers nothing for %s", path.Join(folder, entry.Name())))
		}
	}
	return errors.Join(errs...)
}
