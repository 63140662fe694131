// Package figures collects what tests have counted, such as faults injected and
// records that arrived, so that a run can end with a table of it. It is for tests.
package figures

import (
	"fmt"
	"os"
	"testing"
)

// File is the environment variable that names the file to add figures to.
const File = "CLUSTERLINK_FIGURES"

// Tell adds a line to the figures of this run, and to the test's own log.
func Tell(t testing.TB, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	name := os.Getenv(File)
	if name == "" || t.Failed() {
		return
	}
	// Tests of several packages run at once: each line is one write at the end.
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err := file.WriteString(line + "\n"); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
