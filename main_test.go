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
			environment := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_") })
			var logged bytes.Buffer
			if _, err := launch.TimeToSchema(t.Context(), program, append(environment, test.environment...), &logged); err != nil {
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

// TestLogLevels looks at what the libraries are told, those of the calls to the
// REST API included.
func TestLogLevels(t *testing.T) {
	for _, test := range []struct{ all, providers, ours, sdk, want, wantSDK string }{
		{want: "OFF", wantSDK: "OFF"},
		{all: "DEBUG", want: "DEBUG", wantSDK: "DEBUG"},
		{all: "DEBUG", providers: "WARN", want: "WARN", wantSDK: "WARN"},
		{all: "DEBUG", ours: "TRACE", sdk: "ERROR", want: "TRACE", wantSDK: "ERROR"},
	} {
		t.Setenv("TF_LOG", test.all)
		t.Setenv("TF_LOG_PROVIDER", test.providers)
		t.Setenv("TF_LOG_PROVIDER_CLUSTERLINK", test.ours)
		t.Setenv("TF_LOG_SDK", test.sdk)
		logWhatIsShown()
		if got, sdk := os.Getenv("TF_LOG_PROVIDER_CLUSTERLINK"), os.Getenv("TF_LOG_SDK"); got != test.want || sdk != test.wantSDK {
			t.Errorf("%+v: got %q and %q", test, got, sdk)
		}
	}
}
