package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// The CLI is the authority on its own format: what it says of the provider, we must say too.
func TestSchemaIsWhatTheCLISays(t *testing.T) {
	t.Parallel()
	cli := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if cli == "" {
		t.Skip("TF_ACC_TERRAFORM_PATH names no CLI to compare with")
	}
	want := sections(t, schemaFromCLI(t, cli))
	schema, err := registered(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := sections(t, schema)
	for _, section := range []string{"provider", "resource_schemas", "data_source_schemas", "functions"} {
		if want[section] == nil {
			t.Errorf("the CLI says nothing of %s: there is nothing to compare", section)
		}
	}
	// An older CLI leaves out sections that are new to it.
	for section := range want {
		if !reflect.DeepEqual(got[section], want[section]) {
			t.Errorf("%s differ\n got: %s\nwant: %s", section, asJSON(t, got[section]), asJSON(t, want[section]))
		}
	}
}

// schemaFromCLI builds the provider and has the CLI say its schema, without init or network.
func schemaFromCLI(t *testing.T, cli string) *tfjson.ProviderSchema {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "terraform-provider-clusterlink"), ".")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	write(t, filepath.Join(dir, "main.tf"), `terraform {
  required_providers {
    clusterlink = { source = "clusterlink/clusterlink" }
  }
}`)
	write(t, filepath.Join(dir, "cli.tfrc"), `provider_installation {
  dev_overrides { "clusterlink/clusterlink" = "`+filepath.ToSlash(dir)+`" }
}`)

	say := exec.CommandContext(t.Context(), cli, "providers", "schema", "-json")
	say.Dir = dir
	say.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1")
	output, err := say.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", say, err, output)
	}
	var schemas tfjson.ProviderSchemas
	if err := json.Unmarshal(output, &schemas); err != nil {
		t.Fatal(err)
	}
	if len(schemas.Schemas) != 1 {
		t.Fatalf("the CLI tells of %d providers, want 1", len(schemas.Schemas))
	}
	for _, schema := range schemas.Schemas {
		return schema
	}
	return nil
}

// A CLI that knows no actions, lists and identities cannot vouch for them, and the provider
// has no nested blocks: so one of each here, by hand.
func TestFetchSchemaConvertsEverything(t *testing.T) {
	t.Parallel()
	names := tftypes.List{ElementType: tftypes.String}
	schema, err := fetchSchema(t.Context(), server{
		schemas: &tfprotov6.GetProviderSchemaResponse{
			Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}},
			ActionSchemas: map[string]*tfprotov6.ActionSchema{"do": {Schema: &tfprotov6.Schema{
				Block: &tfprotov6.SchemaBlock{
					Description: "Does.", DescriptionKind: tfprotov6.StringKindMarkdown,
					Attributes: []*tfprotov6.SchemaAttribute{{Name: "names", Type: names, Required: true}},
				},
			}}},
			ListResourceSchemas: map[string]*tfprotov6.Schema{"thing": {Block: &tfprotov6.SchemaBlock{
				BlockTypes: []*tfprotov6.SchemaNestedBlock{{
					TypeName: "filter", Nesting: tfprotov6.SchemaNestedBlockNestingModeSet, MinItems: 1, MaxItems: 2,
					Block: &tfprotov6.SchemaBlock{Deprecated: true},
				}},
			}}},
			EphemeralResourceSchemas: map[string]*tfprotov6.Schema{"token": {Version: 3, Block: &tfprotov6.SchemaBlock{
				Attributes: []*tfprotov6.SchemaAttribute{{Name: "parts", Computed: true, NestedType: &tfprotov6.SchemaObject{
					Nesting: tfprotov6.SchemaObjectNestingModeList, Attributes: []*tfprotov6.SchemaAttribute{{
						Name: "part", Type: tftypes.DynamicPseudoType, Optional: true, Sensitive: true, WriteOnly: true, Deprecated: true,
					}},
				}}},
			}}},
			Functions: map[string]*tfprotov6.Function{"join": {
				Summary: "Joins.", Description: "Joins them.", DeprecationMessage: "Old.",
				Parameters:        []*tfprotov6.FunctionParameter{{Name: "by", Description: "Between.", AllowNullValue: true, Type: tftypes.String}},
				VariadicParameter: &tfprotov6.FunctionParameter{Name: "rest", Type: tftypes.Number},
				Return:            &tfprotov6.FunctionReturn{Type: tftypes.Object{AttributeTypes: map[string]tftypes.Type{"n": tftypes.Bool}}},
			}},
		},
		identities: &tfprotov6.GetResourceIdentitySchemasResponse{
			IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{"thing": {Version: 1, IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
				{Name: "id", Type: tftypes.String, RequiredForImport: true, Description: "Its id."},
				{Name: "names", Type: names, OptionalForImport: true},
			}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(everything), &want); err != nil {
		t.Fatal(err)
	}
	if got := sections(t, schema); !reflect.DeepEqual(got, want) {
		t.Errorf("got: %s\nwant: %s", asJSON(t, got), everything)
	}
}

const everything = `{
  "provider": {"version": 0, "block": {"description_kind": "plain"}},
  "action_schemas": {"do": {"block": {
    "description": "Does.", "description_kind": "markdown",
    "attributes": {"names": {"type": ["list", "string"], "description_kind": "plain", "required": true}}
  }}},
  "list_resource_schemas": {"thing": {"version": 0, "block": {
    "description_kind": "plain",
    "block_types": {"filter": {"nesting_mode": "set", "min_items": 1, "max_items": 2, "block": {"description_kind": "plain", "deprecated": true}}}
  }}},
  "ephemeral_resource_schemas": {"token": {"version": 3, "block": {
    "description_kind": "plain",
    "attributes": {"parts": {"description_kind": "plain", "computed": true, "nested_type": {"nesting_mode": "list", "attributes": {
      "part": {"type": "dynamic", "description_kind": "plain", "optional": true, "sensitive": true, "write_only": true, "deprecated": true}
    }}}}
  }}},
  "functions": {"join": {
    "summary": "Joins.", "description": "Joins them.", "deprecation_message": "Old.", "return_type": ["object", {"n": "bool"}],
    "parameters": [{"name": "by", "description": "Between.", "is_nullable": true, "type": "string"}],
    "variadic_parameter": {"name": "rest", "type": "number"}
  }},
  "resource_identity_schemas": {"thing": {"version": 1, "attributes": {
    "id": {"type": "string", "description": "Its id.", "required_for_import": true},
    "names": {"type": ["list", "string"], "optional_for_import": true}
  }}}
}`

func TestFetchSchemaReportsErrorsOfTheServer(t *testing.T) {
	t.Parallel()
	broken := []*tfprotov6.Diagnostic{{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Broken", Detail: "by design"}}
	sound := server{schemas: &tfprotov6.GetProviderSchemaResponse{}, identities: &tfprotov6.GetResourceIdentitySchemasResponse{}}
	for name, s := range map[string]server{
		"schemas":    {schemas: &tfprotov6.GetProviderSchemaResponse{Diagnostics: broken}, identities: sound.identities},
		"identities": {schemas: sound.schemas, identities: &tfprotov6.GetResourceIdentitySchemasResponse{Diagnostics: broken}},
	} {
		if _, err := fetchSchema(t.Context(), s); err == nil || err.Error() != "Broken: by design" {
			t.Errorf("%s: error %v, want the server's", name, err)
		}
	}
}

// server is a provider server that knows its schemas and nothing else.
type server struct {
	tfprotov6.ProviderServer
	schemas    *tfprotov6.GetProviderSchemaResponse
	identities *tfprotov6.GetResourceIdentitySchemasResponse
}

func (s server) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return s.schemas, nil
}

func (s server) GetResourceIdentitySchemas(context.Context, *tfprotov6.GetResourceIdentitySchemasRequest) (*tfprotov6.GetResourceIdentitySchemasResponse, error) {
	return s.identities, nil
}

// sections returns the schema as JSON sees it, by top-level key.
func sections(t *testing.T, schema *tfjson.ProviderSchema) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, schema)), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
