package main

import (
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// output is what run has written so far.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits until run has written some text.
func (o *output) await(t *testing.T, text string) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for pause := time.Millisecond; !strings.Contains(o.String(), text); pause = min(2*pause, 100*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %q in\n%s", text, o)
		}
		time.Sleep(pause)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{
		"secured": {dialect: "cloud"},
		"plain":   {dialect: "platform", plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.directory = t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			in, commands := io.Pipe()
			out, ended := &output{}, make(chan error)
			go func() { ended <- run(ctx, o, in, out) }()

			for _, dialogue := range [][2]string{
				{"create source numbers 2", "created\n"},
				{"produce source numbers one", "1 written\n"},
				{"consume source numbers 1", "one\n"},
				{"create source numbers", "error: "},
				{"outage source", "unreachable"},
				{"restore source", "reachable again"},
			} {
				if _, err := io.WriteString(commands, dialogue[0]+"\n\n"); err != nil {
					t.Fatal(err)
				}
				out.await(t, dialogue[1])
			}
			cancel()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			_ = commands.Close()
			for _, want := range []string{"endpoints = {\n  source = {\n", "  destination = {\n", "rest_endpoint", "bootstrap.servers 127.0.0.1:"} {
				out.await(t, want)
			}
			if strings.Contains(out.String(), "ca_certificate") == o.plain {
				t.Errorf("plain is %t:\n%s", o.plain, out)
			}
			if _, err := os.Stat(o.directory + "/source.properties"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPortsAreKept runs the clusters twice, and looks for them at the same bootstrap address.
func TestPortsAreKept(t *testing.T) {
	t.Parallel()
	o := options{dialect: "cloud", plain: true}
	var addresses []string
	for range 2 {
		o.directory = t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		out, ended := &output{}, make(chan error)
		go func() { ended <- run(ctx, o, strings.NewReader(""), out) }()
		out.await(t, "Running until interrupted")
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(out.String(), "bootstrap.servers ")
		address, _, _ := strings.Cut(after, ",")
		addresses = append(addresses, address)
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		if o.source.kafka, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
	}
	if addresses[0] != addresses[1] {
		t.Errorf("at %s first, then at %s", addresses[0], addresses[1])
	}
}

func TestUnknownDialect(t *testing.T) {
	t.Parallel()
	if err := run(t.Context(), options{dialect: "other", directory: t.TempDir()}, strings.NewReader(""), io.Discard); err == nil {
		t.Error("accepted")
	}
}
