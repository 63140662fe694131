package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/launch"
)

// TestLogs looks at what the program logs when Terraform has started it.
func TestLogs(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "provider")
	if printed, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("build the provider: %s\n%s", err, printed)
	}
	// Without a module are two messages of the library that serves plugins.
	message := regexp.MustCompile(`"@level":"(\w+)".*"@module":`)
	for _, test := range []struct {
		environment []string
		never       []string // levels
		traces      bool
	}{
		{nil, []string{"trace", "debug", "info", "warn", "error"}, false},
		{[]string{"TF_LOG_CORE=TRACE"}, []string{"trace", "debug", "info", "warn", "error"}, false},
		{[]string{"TF_LOG=DEBUG"}, []string{"trace"}, false},
		{[]string{"TF_LOG=TRACE"}, nil, true},
		{[]string{"TF_LOG=JSON"}, nil, true},
		{[]string{"TF_LOG=OFF", "TF_LOG_PROVIDER=TRACE"}, nil, true},
		{[]string{"TF_LOG=TRACE", "TF_LOG_PROVIDER=WARN"}, []string{"trace", "debug", "info"}, false},
		{[]string{"TF_LOG=TRACE", "TF_LOG_SDK=DEBUG"}, []string{"trace"}, false},
	} {
		t.Run(strings.Join(test.environment, " "), func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), program)
			cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_") }), test.environment...)
			var logged bytes.Buffer
			if _, err := launch.Schema(t.Context(), cmd, &logged); err != nil {
				t.Fatal(err)
			}
			levels := map[string]bool{}
			for _, found := range message.FindAllStringSubmatch(logged.String(), -1) {
				levels[found[1]] = true
			}
			if levels["trace"] != test.traces || slices.ContainsFunc(test.never, func(l string) bool { return levels[l] }) {
				t.Errorf("got messages of the levels %v:\n%s", slices.Sorted(maps.Keys(levels)), logged.String())
			}
		})
	}
}
