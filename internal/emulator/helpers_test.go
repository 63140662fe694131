package emulator_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

// object is a decoded JSON object.
type object = map[string]any

// tester is what helpers need of a test: a testing.T, or a rapid.T for one of many cases.
type tester interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Failed() bool
	Cleanup(func())
}

// rest calls a cluster's REST API, with nothing but net/http and encoding/json.
type rest struct {
	t              tester
	base           string // up to /clusters/{id}
	user, password string
	client         *http.Client
}

// start starts a cluster that ends with the test.
func start(t tester, cfg emulator.Config) *emulator.Cluster {
	t.Helper()
	return emulatortest.Start(t, cfg)
}

func restOf(t tester, c *emulator.Cluster, cfg emulator.Config) *rest {
	t.Helper()
	base := cfg.BasePath
	if base == "" {
		base = "/kafka/v3"
	}
	r := &rest{t: t, base: c.RESTEndpoint() + base + "/clusters/" + c.ID(), client: &http.Client{Timeout: 20 * time.Second}}
	for user, password := range cfg.Users {
		r.user, r.password = user, password
	}
	transport := &http.Transport{}
	if ca := c.CACertificate(); ca != "" {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(ca))
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	r.client.Transport = transport
	t.Cleanup(transport.CloseIdleConnections)
	return r
}

// plainCluster starts a cluster without TLS and users.
func plainCluster(t tester, id string, dialect emulator.Dialect) (*emulator.Cluster, *rest) {
	t.Helper()
	cfg := emulator.Config{ClusterID: id, Dialect: dialect}
	c := start(t, cfg)
	return c, restOf(t, c, cfg)
}

// call makes a call and decodes the answer; body nil sends none.
func (r *rest) call(method, path string, body any) (int, object) {
	r.t.Helper()
	status, text, err := r.try(method, path, body)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
	decoded := object{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &decoded); err != nil {
			r.t.Fatalf("%s %s: %d with %q: %v", method, path, status, text, err)
		}
	}
	return status, decoded
}

func (r *rest) try(method, path string, body any) (int, []byte, error) {
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		reader = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, r.base+path, reader)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if r.user != "" {
		request.SetBasicAuth(r.user, r.password)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, text, err
}

// want makes a call that must be answered with a status.
func (r *rest) want(status int, method, path string, body any) object {
	r.t.Helper()
	got, answer := r.call(method, path, body)
	if got != status {
		r.t.Fatalf("%s %s: status %d, want %d: %v", method, path, got, status, answer)
	}
	return answer
}

// refused makes a call that must be refused with a status and an error code.
func (r *rest) refused(status, code int, method, path string, body any) string {
	r.t.Helper()
	answer := r.want(status, method, path, body)
	if got := answer["error_code"]; got != float64(code) {
		r.t.Fatalf("%s %s: error_code %v, want %d: %v", method, path, got, code, answer)
	}
	return fmt.Sprint(answer["message"])
}

// settings makes the configs of a body.
func settings(pairs map[string]string) []object {
	configs := []object{}
	for name, value := range pairs {
		configs = append(configs, object{"name": name, "value": value})
	}
	return configs
}

// linkTo is the body for a link without security.
func linkTo(source *emulator.Cluster, more map[string]string) object {
	all := map[string]string{"bootstrap.servers": source.BootstrapServers()}
	for name, value := range more {
		all[name] = value
	}
	return object{"source_cluster_id": source.ID(), "configs": settings(all)}
}

// rows is the data of a list, each by the value of one field.
func rows(list object, field string) map[string]object {
	byField := make(map[string]object)
	for _, row := range list["data"].([]any) {
		byField[fmt.Sprint(row.(object)[field])] = row.(object)
	}
	return byField
}

// eventually waits until done tells so.
func eventually(t tester, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for pause := time.Millisecond; !done(); pause = min(2*pause, 100*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(pause)
	}
}

// awaitStatus waits for a mirror's status.
func (r *rest) awaitStatus(link, mirror, status string) {
	r.t.Helper()
	var last any
	defer func() {
		if r.t.Failed() {
			r.t.Logf("last status of %s: %v", mirror, last)
		}
	}()
	eventually(r.t, mirror+" to be "+status, func() bool {
		_, answer := r.call("GET", "/links/"+link+"/mirrors/"+mirror, nil)
		last = answer
		return answer["mirror_status"] == status
	})
}

func testContext(t tester) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
