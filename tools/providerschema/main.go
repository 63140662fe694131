// Command providerschema writes the provider's schemas to standard output in the
// format of `terraform providers schema -json`, for the documentation generator.
//
// It asks the provider's own server instead of an installed CLI, because a CLI leaves
// out what it is too old to know: the pages of actions and list resources would
// vanish from the documentation without an error.
//
// With -examples DIR it checks that folder instead: it fails where something that the
// provider registers has no example there, and where an example is of nothing registered.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/provider"
)

func main() {
	examples := flag.String("examples", "", "check this folder of examples instead of writing the schemas")
	flag.Parse()
	if err := run(context.Background(), *examples, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "providerschema:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, examples string, out io.Writer) error {
	schema, err := registered(ctx)
	if err != nil {
		return err
	}
	if examples != "" {
		return checkExamples(os.DirFS(examples), schema)
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
