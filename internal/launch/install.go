package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Install puts a provider, a program or an archive of a release, into a folder
// in the layout of a registry. It returns the path of a configuration of the CLI,
// for TF_CLI_CONFIG_FILE, with which init installs it from there, without a
// registry and without a network.
func Install(folder, provider string) (config string, err error) {
	content, err := os.ReadFile(provider)
	if err != nil {
		return "", err
	}
	name := filepath.Base(provider) // an archive lies there as it is, and a program below its version and platform
	if filepath.Ext(provider) != ".zip" {
		name = filepath.Join("0.0.1", runtime.GOOS+"_"+runtime.GOARCH, "terraform-provider-clusterlink")
	}
	mirror := filepath.Join(folder, "plugins")
	for _, registry := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		path := filepath.Join(mirror, registry, "clusterlink", "clusterlink", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, content, 0o700); err != nil {
			return "", err
		}
	}
	config = filepath.Join(folder, "cli.tfrc")
	return config, os.WriteFile(config, fmt.Appendf(nil, `provider_installation {
  filesystem_mirror {
    path    = %q
    include = ["clusterlink/clusterlink"]
  }
  direct {
    exclude = ["clusterlink/clusterlink"]
  }
}
`, mirror), 0o600)
}
