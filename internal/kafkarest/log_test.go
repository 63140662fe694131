package kafkarest

import (
	"bytes"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-log/tflog"
	"github.com/hashicorp/terraform-plugin-log/tflogtest"
)

// lockedBuffer is a log that may be written to at any time.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestLog(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	ctx := tflog.SetField(tflogtest.RootLogger(testContext(t), &log), "tf_rpc", "ReadResource")

	s := serve(t, replies(htmlReply(503, "<title>planted-in-page</title>"), jsonReply(201, `{"planted-in-reply": 1}`)))
	c := newTestClient(t, s.URL, func(c *Config) { c.Username, c.Password = "planted-user", "planted-password" })
	link := NewLink{Name: "l", Configs: []Setting{{Name: "planted-name", Value: "planted-value", Sensitive: true}}}
	if err := c.CreateLink(ctx, link, false); err != nil {
		t.Fatal(err)
	}
	address, _ := serveRaw(t, func(conn net.Conn) { _, _ = conn.Write([]byte("HTTX planted-password\r\n")) })
	broken := newTestClient(t, "http://"+address, func(c *Config) { c.Username, c.Password, c.MaxRetries = "u", "planted-password", 0 })
	if err := broken.DeleteLink(ctx, "l", false); err == nil {
		t.Fatal("it worked")
	}

	entries, err := tflogtest.MultilineJSONDecode(strings.NewReader(log.String()))
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v, %s", err, log.String())
	}
	const links = "/kafka/v3/clusters/lkc-1/links"
	for i, want := range []map[string]any{
		{"method": "POST", "path": links, "status": 503., "attempt": 1.},
		{"method": "POST", "path": links, "status": 201., "attempt": 2.},
		{"method": "DELETE", "path": links + "/l", "attempt": 1.},
	} {
		want["@level"], want["@message"], want["@module"], want["tf_rpc"] = "debug", "REST call", "provider.kafkarest", "ReadResource"
		for field, value := range want {
			if entries[i][field] != value {
				t.Errorf("entry %d: %s is %v, want %v", i, field, entries[i][field], value)
			}
			delete(entries[i], field)
		}
		if ms, ok := entries[i]["duration_ms"].(float64); !ok || ms < 0 {
			t.Errorf("entry %d: duration %v", i, entries[i]["duration_ms"])
		}
		delete(entries[i], "duration_ms")
		for field, value := range entries[i] {
			if i == 2 && field == "error" {
				if text := value.(string); strings.Contains(text, "malformed HTTP") && strings.Contains(text, redacted) {
					continue
				}
			}
			t.Errorf("entry %d: %s: %v", i, field, value)
		}
	}
	for _, never := range []string{"planted", "Authorization", "cGxhbnRlZC11c2Vy"} {
		if strings.Contains(log.String(), never) {
			t.Errorf("%q is in the log:\n%s", never, log.String())
		}
	}
}
