package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

func TestWrongClusterIsNotTakenForTheEndOfItsObjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders")
	w.linkAndMirror("orders")
	wrong, right := w.endpoints().byName["destination"], w.endpoints().byName["destination"]
	// The address of the source, under the destination's cluster id.
	wrong.client = mustClient(t, kafkarest.Config{
		Endpoint: w.source.RESTEndpoint(), ClusterID: w.destination.ID(), CACertificate: w.source.CACertificate(), Username: restUser, Password: restPassword,
	})
	wrong.shared = newShared(wrong.client)

	for what, look := range map[string]func(e *endpoint) error{
		"link":         func(e *endpoint) error { _, err := e.link(t.Context(), "demo-link"); return err },
		"mirror topic": func(e *endpoint) error { _, err := e.mirror(t.Context(), "demo-link", "orders"); return err },
		"deletion":     func(e *endpoint) error { return e.deleteLink(t.Context(), "gone", false) },
	} {
		err := look(wrong)
		if err == nil || errors.Is(err, kafkarest.ErrNotFound) || !strings.Contains(err.Error(), "knows no cluster") {
			t.Errorf("%s on the wrong cluster: %v", what, err)
		}
	}
	if _, err := right.link(t.Context(), "gone"); !errors.Is(err, kafkarest.ErrNotFound) {
		t.Errorf("a link that is gone: %v", err)
	}
	if _, err := right.mirror(t.Context(), "demo-link", "gone"); !errors.Is(err, kafkarest.ErrNotFound) {
		t.Errorf("a mirror topic that is gone: %v", err)
	}
}

func mustClient(t *testing.T, cfg kafkarest.Config) *kafkarest.Client {
	t.Helper()
	client, err := kafkarest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
