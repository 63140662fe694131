package main

import (
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	tfjson "github.com/hashicorp/terraform-json"
)

func TestCheckExamples(t *testing.T) {
	t.Parallel()
	schema := &tfjson.ProviderSchema{
		ResourceSchemas:     map[string]*tfjson.Schema{"clusterlink_link": nil},
		DataSourceSchemas:   map[string]*tfjson.Schema{"clusterlink_links": nil},
		ListResourceSchemas: map[string]*tfjson.Schema{"clusterlink_link": nil},
		ActionSchemas:       map[string]*tfjson.ActionSchema{"clusterlink_promote": nil},
		Functions:           map[string]*tfjson.FunctionSignature{"jaas_config": nil},
	}
	complete := []string{
		"provider/provider.tf",
		"resources/clusterlink_link/resource.tf",
		"data-sources/clusterlink_links/data-source_all.tf",
		"list-resources/clusterlink_link/list-resource.tfquery.hcl",
		"actions/clusterlink_promote/action.tf",
		"functions/jaas_config/function.tf",
		"walkthrough/main.tf", // the generator has no use for it, and it is nobody's fault
	}
	if err := checkExamples(files(complete...), schema); err != nil {
		t.Errorf("complete examples: %v", err)
	}
	for i, file := range complete[:len(complete)-1] {
		others := slices.Delete(slices.Clone(complete), i, i+1)
		err := checkExamples(files(others...), schema)
		if err == nil || !strings.HasPrefix(err.Error(), "no example "+path.Dir(file)) {
			t.Errorf("without %s: error %v", file, err)
		}
	}
	stale := append(slices.Clone(complete), "functions/gone/function.tf")
	if err := checkExamples(files(stale...), schema); err == nil || !strings.HasSuffix(err.Error(), "functions/gone") {
		t.Errorf("with an example of nothing: error %v", err)
	}
}

func files(names ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, name := range names {
		fsys[name] = &fstest.MapFile{}
	}
	return fsys
}
