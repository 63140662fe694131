// Package emulatortest starts clusters for tests, and compares every REST call
// that is made to them with Confluent's OpenAPI description of the API.
package emulatortest

import "github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"

// T is a test.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Cleanup(func())
}

// Start starts a cluster that ends with the test, and checks every call to it as [Check] does.
func Start(t T, cfg emulator.Config) *emulator.Cluster {
	t.Helper()
	cfg.Observe = Check(t, cfg.Dialect)
	c, err := emulator.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
