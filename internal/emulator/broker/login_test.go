package broker

import (
	"crypto/tls"
	"maps"
	"net"
	"strconv"
	"strings"
	"testing"
)

// TestCertificateOrSASL has clients log in to one port in either way, and in both at once.
func TestCertificateOrSASL(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	config := ca.server(true)
	config.ClientAuth = tls.VerifyClientCertIfGiven
	b := start(t, Config{Users: map[string]string{"link": "secret"}, TLS: config})
	base := map[string]string{
		"bootstrap.servers": b.Addr(), "ssl.truststore.type": "PEM", "ssl.truststore.certificates": ca.pem(),
	}
	login := map[string]string{
		"security.protocol": "SASL_SSL", "sasl.mechanism": mechanismPlain, "sasl.jaas.config": jaas(mechanismPlain, "link", "secret"),
	}
	wrongLogin := maps.Clone(login)
	wrongLogin["sasl.jaas.config"] = jaas(mechanismPlain, "link", "wrong")
	keystore := func(a *authority) map[string]string {
		chain, key := a.leaf()
		return map[string]string{
			"security.protocol": "SSL", "ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": chain, "ssl.keystore.key": key,
		}
	}
	for name, test := range map[string]struct {
		with []map[string]string
		kind Kind
	}{
		"certificate":                  {[]map[string]string{keystore(ca)}, ""},
		"SASL":                         {[]map[string]string{login}, ""},
		"both":                         {[]map[string]string{keystore(ca), login}, ""},
		"certificate and wrong SASL":   {[]map[string]string{keystore(ca), wrongLogin}, KindAuthentication},
		"neither":                      {[]map[string]string{{"security.protocol": "SSL"}}, KindTCPConnection},
		"another authority":            {[]map[string]string{keystore(other)}, KindAuthentication},
		"another authority's and SASL": {[]map[string]string{keystore(other), login}, KindAuthentication},
	} {
		settings := maps.Clone(base)
		for _, more := range test.with {
			maps.Copy(settings, more)
		}
		r, err := Dial(t.Context(), settings)
		if err == nil {
			r.Close()
		}
		if kind := kindOf(t, err); kind != test.kind {
			t.Errorf("%s: %q (%v), want %q", name, kind, err, test.kind)
		}
	}
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	s := startSecured(t, newAuthority(t), true, "")
	encrypted := strings.ReplaceAll(s.settings["ssl.keystore.key"], "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
	for name, settings := range map[string]map[string]string{
		"ssl.key.password": s.with(map[string]string{"ssl.keystore.key": encrypted}),
		"ssl.keystore.key": s.with(map[string]string{"ssl.keystore.certificate.chain": "-"}),
	} {
		_, err := Dial(t.Context(), settings)
		if kindOf(t, err) != KindConfig || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPortIsKept starts a cluster again where it was before.
func TestPortIsKept(t *testing.T) {
	t.Parallel()
	first := start(t, Config{Brokers: 2})
	first.Close()
	_, text, err := net.SplitHostPort(first.Addr())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	again := start(t, Config{Port: port})
	if again.Addr() != first.Addr() {
		t.Errorf("at %s, before at %s", again.Addr(), first.Addr())
	}
	dial(t, plaintext(again))
	if twice, err := Start(Config{Port: port}); err == nil {
		twice.Close()
		t.Error("a port that is taken was taken again")
	}
}
