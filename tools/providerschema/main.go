// Command providerschema writes the provider's schemas to standard output in the
// format of `terraform providers schema -json`, for the documentation generator.
//
// It asks the provider's own server instead of an installed CLI, because a CLI leaves
// out what it is too old to know: the pages of actions and list resources would
// vanish from the documentation without an error.
//
// With -check DIR it checks the folders examples and docs of that one instead: it fails
// where something that the provider registers has no example or no page there, and where
// one is of nothing registered.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/provider"
)

func main() {
	check := flag.String("check", "", "check examples and docs in this folder instead of writing the schemas")
	flag.Parse()
	if err := run(context.Background(), *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "providerschema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, check string, out io.Writer) error {
	schema, err := registered(ctx)
	if err != nil {
		return err
	}
	if check != "" {
		return checkDocumented(os.DirFS(filepath.Join(check, "examples")), os.DirFS(filepath.Join(check, "docs")), schema)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(tfjson.ProviderSchemas{
		FormatVersion: "1.0",
		// The generator looks a provider up by its bare name or below hashicorp/ only.
		Schemas: map[string]*tfjson.ProviderSchema{"clusterlink": schema},
	})
}

// registered returns the schemas of all that the provider offers, as its server tells them to a CLI.
func registered(ctx context.Context) (*tfjson.ProviderSchema, error) {
	server, err := providerserver.NewProtocol6WithError(provider.New("docs")())()
	if err != nil {
		return nil, err
	}
	return fetchSchema(ctx, server)
}
