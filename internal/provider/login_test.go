package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

// expiredCertificate is one for 127.0.0.1 that has signed itself.
func expiredCertificate(t *testing.T) (pair tls.Certificate, text string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// serveREST starts a server for what no emulator does, with TLS where it is configured.
func serveREST(t *testing.T, config *tls.Config, handler http.HandlerFunc) (address string) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // that it is not trusted is what the test is about
	if server.TLS = config; config != nil {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.URL
}

// Who does not get in is told at which endpoint, why, and what to do.
func TestRefusedEndpointsSayWhichAndWhatToDo(t *testing.T) {
	t.Parallel()
	start := func(config emulator.Config) *emulator.Cluster {
		config.ClusterID = "lkc-1"
		return emulatortest.Start(t, config)
	}
	at := func(c *emulator.Cluster) attrs {
		return attrs{"rest_endpoint": c.RESTEndpoint(), "ca_certificate": c.CACertificate(), "username": "u", "password": "p"}
	}
	ca, users := newCA(t), map[string]string{"u": "p"}
	certificate, key, err := newCA(t).Issue("client")
	if err != nil {
		t.Fatal(err)
	}
	ours, mutual, byToken := start(emulator.Config{TLS: true, Users: users}), start(emulator.Config{TLS: true, ClientCA: ca.Certificate()}), start(emulator.Config{TLS: true, Tokens: []string{"new"}})
	old, oldText := expiredCertificate(t)
	current, err := tls.X509KeyPair(pemPair(t, ca))
	if err != nil {
		t.Fatal(err)
	}
	var strayed atomic.Int32
	elsewhere := serveREST(t, nil, func(http.ResponseWriter, *http.Request) { strayed.Add(1) })
	answer := func(http.ResponseWriter, *http.Request) { t.Error("a request came through") }
	const credential = `The REST API refused the credential of endpoints["here"] in the provider: `

	for name, c := range map[string]struct {
		endpoint attrs
		words    string
	}{
		"wrong CA":                     {at(ours).with(attrs{"ca_certificate": ca.Certificate()}), "signed by no authority that is trusted here; set ca_certificate: This is about"},
		"no CA":                        {at(ours).with(attrs{"ca_certificate": nil}), "signed by no authority that is trusted here; set ca_certificate: This is about"},
		"wrong host name":              {at(ours).with(attrs{"tls_server_name": "rest.example.com"}), "not for this host; correct rest_endpoint or set tls_server_name: This is about"},
		"expired certificate":          {attrs{"ca_certificate": oldText, "rest_endpoint": serveREST(t, &tls.Config{Certificates: []tls.Certificate{old}}, answer)}, "has expired or is not valid yet; have it renewed: This is about"},
		"TLS 1.1 only":                 {attrs{"ca_certificate": ca.Certificate(), "rest_endpoint": serveREST(t, &tls.Config{Certificates: []tls.Certificate{current}, MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11}, answer)}, "neither TLS 1.2 nor TLS 1.3; have one of them switched on there: This is about"},
		"no client certificate":        {at(mutual), "wants a client certificate; set client_certificate and client_key: This is about"},
		"another's client certificate": {at(mutual).with(attrs{"client_certificate": certificate, "client_key": key}), "refuses the client certificate: check client_certificate and client_key: This is about"},
		"clear text":                   {at(ours).with(attrs{"rest_endpoint": "http" + ours.RESTEndpoint()[len("https"):]}), "HTTP request to an HTTPS server"},
		"nobody there":                 {attrs{"rest_endpoint": "http://127.0.0.1:1"}, "nothing listens at this address: This is about"},
		"wrong password":               {at(ours).with(attrs{"password": "x"}), credential + "check username and password, there or in the environment: The link's own credential is not meant"},
		"expired token":                {at(byToken).with(attrs{"username": nil, "password": nil, "token": "old"}), credential + "its token is wrong or has expired; set a new one, there or in the environment"},
		"no credential":                {at(ours).with(attrs{"username": nil, "password": nil}), credential + "it has none; set username and password, or token"},
		"redirect": {at(ours).with(attrs{"rest_endpoint": serveREST(t, nil, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
		})}), "the server redirects to " + elsewhere + ": which is not followed; correct rest_endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, linkType, attrs{"max_retries": 0, "plan_validation": false, "endpoints": attrs{"here": c.endpoint.with(attrs{"cluster_id": "lkc-1"})}})
			p := &pair{life: l}
			want := c.words
			if strings.HasSuffix(want, "This is about") {
				want += fmt.Sprintf(` endpoints["here"] in the provider, whose rest_endpoint is %s.`, c.endpoint["rest_endpoint"])
			}
			expectDiagnostics(t, p.readSourceAt("here", "clusterlink_links", attrs{}), "error: Unable to list links: "+want)
			expectDiagnostics(t, p.apply(attrs{"endpoint": "here", "link_name": "demo-link", "config": attrs{"bootstrap.servers": "kafka.example.com:9092"}}), "error: Unable to create link: "+want)
			p.expectNoState()
		})
	}
	t.Cleanup(func() {
		if strayed.Load() > 0 {
			t.Errorf("%d requests went elsewhere", strayed.Load())
		}
	})
}

// pemPair issues a certificate.
func pemPair(t *testing.T, ca *emulator.CA) (certificate, key []byte) {
	t.Helper()
	c, k, err := ca.Issue("server")
	if err != nil {
		t.Fatal(err)
	}
	return []byte(c), []byte(k)
}
