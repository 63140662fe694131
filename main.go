// The provider's plugin binary.
package main

import (
	"cmp"
	"flag"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/provider"
)

// version is set by the release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger such as delve")
	flag.Parse()

	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		logWhatIsShown()
	}
	err := tf6server.Serve("registry.terraform.io/clusterlink/clusterlink", provider.NewServer(version), options...)
	if err != nil {
		log.Fatal(err)
	}
}

// logWhatIsShown limits what this program logs to what Terraform, which has
// started it, will show. Left alone, the libraries log a hundred messages for
// each resource of a plan, whatever TF_LOG is. Terraform 1.11 parses each before
// it drops it: of a plan of a thousand resources that is a third of the time.
func logWhatIsShown() {
	shown := cmp.Or(os.Getenv("TF_LOG_PROVIDER"), os.Getenv("TF_LOG"), "OFF")
	for _, variable := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_CLUSTERLINK"} {
		if os.Getenv(variable) == "" {
			_ = os.Setenv(variable, shown) // fails only for a name that is none
		}
	}
}
