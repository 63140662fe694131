package main

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	tfjson "github.com/hashicorp/terraform-json"
)

func TestCheckDocumented(t *testing.T) {
	t.Parallel()
	schema := &tfjson.ProviderSchema{
		ResourceSchemas:     map[string]*tfjson.Schema{"clusterlink_link": nil},
		DataSourceSchemas:   map[string]*tfjson.Schema{"clusterlink_links": nil},
		ListResourceSchemas: map[string]*tfjson.Schema{"clusterlink_link": nil},
		ActionSchemas:       map[string]*tfjson.ActionSchema{"clusterlink_promote": nil},
		Functions:           map[string]*tfjson.FunctionSignature{"jaas_config": nil},
	}
	complete := []string{
		"examples/provider/provider.tf",
		"examples/resources/clusterlink_link/resource.tf",
		"examples/data-sources/clusterlink_links/data-source_all.tf",
		"examples/list-resources/clusterlink_link/list-resource.tfquery.hcl",
		"examples/actions/clusterlink_promote/action.tf",
		"examples/functions/jaas_config/function.tf",
		"docs/index.md",
		"docs/resources/link.md",
		"docs/data-sources/links.md",
		"docs/list-resources/link.md",
		"docs/actions/promote.md",
		"docs/functions/jaas_config.md",
		// Of no use to the generator, and nobody's fault.
		"examples/walkthrough/main.tf", "docs/guides/states.md",
	}
	check := func(names []string) error {
		all := files(names...)
		examples, err := fs.Sub(all, "examples")
		if err != nil {
			t.Fatal(err)
		}
		pages, err := fs.Sub(all, "docs")
		if err != nil {
			t.Fatal(err)
		}
		return checkDocumented(examples, pages, schema)
	}
	if err := check(complete); err != nil {
		t.Errorf("complete: %v", err)
	}
	for i, file := range complete[:len(complete)-2] {
		folder, name, _ := strings.Cut(file, "/")
		want := "no page " + name
		if folder == "examples" {
			want = "no example " + path.Dir(name)
		}
		if err := check(slices.Delete(slices.Clone(complete), i, i+1)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("without %s: error %v", file, err)
		}
	}
	for stale, want := range map[string]string{"examples/functions/gone/function.tf": "functions/gone", "docs/actions/gone.md": "actions/gone.md"} {
		if err := check(append(slices.Clone(complete), stale)); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("with %s: error %v", stale, err)
		}
	}
}

func files(names ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, name := range names {
		fsys[name] = &fstest.MapFile{}
	}
	return fsys
}
