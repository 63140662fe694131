package broker

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// clientSettings is what the settings of a Kafka client come to.
type clientSettings struct {
	bootstrap []string
	sasl      sasl.Mechanism // nil: no login
	tls       *tls.Config    // nil: plaintext
	checkName bool
}

func parseClientSettings(settings map[string]string) (clientSettings, error) {
	var s clientSettings
	for _, address := range strings.Split(settings["bootstrap.servers"], ",") {
		address = strings.TrimSpace(address)
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			return s, badSetting("bootstrap.servers", errors.New("host:port expected"))
		}
		s.bootstrap = append(s.bootstrap, address)
	}
	var useSASL, useTLS bool
	switch protocol := settings["security.protocol"]; protocol {
	case "", "PLAINTEXT":
	case "SSL":
		useTLS = true
	case "SASL_PLAINTEXT":
		useSASL = true
	case "SASL_SSL":
		useSASL, useTLS = true, true
	default:
		return s, badSetting("security.protocol", fmt.Errorf("unknown protocol %q", protocol))
	}
	var err error
	if useSASL {
		if s.sasl, err = saslSetting(settings); err != nil {
			return s, err
		}
	}
	if useTLS {
		err = s.parseTLS(settings)
	}
	return s, err
}

func badSetting(name string, err error) error {
	return &DialError{Kind: KindConfig, Message: fmt.Sprintf("%s: %v", name, err)}
}

func saslSetting(settings map[string]string) (sasl.Mechanism, error) {
	mechanism, ok := settings["sasl.mechanism"]
	if !ok {
		mechanism = "GSSAPI" // Kafka's default
	}
	module := "org.apache.kafka.common.security.scram.ScramLoginModule"
	switch mechanism {
	case mechanismPlain:
		module = "org.apache.kafka.common.security.plain.PlainLoginModule"
	case mechanismScram256, mechanismScram512:
	default:
		return nil, badSetting("sasl.mechanism", fmt.Errorf("%q is not supported here, only %s", mechanism, strings.Join(saslMechanisms, ", ")))
	}
	entry, err := parseJAAS(settings["sasl.jaas.config"])
	if err != nil {
		return nil, badSetting("sasl.jaas.config", err)
	}
	if entry.module != module {
		return nil, badSetting("sasl.jaas.config", fmt.Errorf("mechanism %s needs the login module %s", mechanism, module))
	}
	user, password := entry.options["username"], entry.options["password"]
	if user == "" || password == "" {
		return nil, badSetting("sasl.jaas.config", errors.New("no username, or no password"))
	}
	switch mechanism {
	case mechanismPlain:
		return plain.Auth{User: user, Pass: password}.AsMechanism(), nil
	case mechanismScram256:
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), nil
	default:
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), nil
	}
}

func (s *clientSettings) parseTLS(settings map[string]string) error {
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	algorithm, given := settings["ssl.endpoint.identification.algorithm"]
	s.checkName = !given || algorithm != ""

	for _, store := range []string{"ssl.truststore", "ssl.keystore"} {
		if _, ok := settings[store+".location"]; ok {
			return badSetting(store+".location", errors.New("only PEM texts in settings are supported here"))
		}
	}
	if text, ok := settings["ssl.truststore.certificates"]; ok {
		if err := pemType(settings, "ssl.truststore.type"); err != nil {
			return err
		}
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM(normalPEM(text)) {
			return badSetting("ssl.truststore.certificates", errors.New("no certificate in PEM found"))
		}
	}
	chain, hasChain := settings["ssl.keystore.certificate.chain"]
	key, hasKey := settings["ssl.keystore.key"]
	if !hasChain && !hasKey {
		return nil
	}
	if err := pemType(settings, "ssl.keystore.type"); err != nil {
		return err
	}
	if settings["ssl.key.password"] != "" || strings.Contains(key, "ENCRYPTED PRIVATE KEY") {
		return badSetting("ssl.key.password", errors.New("encrypted keys are not supported here"))
	}
	pair, err := tls.X509KeyPair(normalPEM(chain), normalPEM(key))
	if err != nil {
		return badSetting("ssl.keystore.key", err)
	}
	s.tls.Certificates = []tls.Certificate{pair}
	return nil
}

func pemType(settings map[string]string, name string) error {
	if settings[name] != "PEM" {
		return badSetting(name, errors.New("PEM expected, with certificates or keys given as text"))
	}
	return nil
}

// tlsFor is the TLS configuration for a broker of that host name. Without the
// check of host names the chain of certificates is still verified.
func (s clientSettings) tlsFor(host string) *tls.Config {
	c := s.tls.Clone()
	c.ServerName = host
	if s.checkName {
		return c
	}
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(state tls.ConnectionState) error {
		intermediates := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: c.RootCAs, Intermediates: intermediates})
		return err
	}
	return c
}

var pemBlock = regexp.MustCompile(`-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END [A-Z0-9 ]+-----`)

// normalPEM brings PEM texts into the form with line breaks that Go wants:
// Kafka reads them on a single line too, as properties files have them.
func normalPEM(text string) []byte {
	var out []byte
	for _, block := range pemBlock.FindAllStringSubmatch(text, -1) {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(block[2]), ""))
		if err != nil {
			continue
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: block[1], Bytes: der})...)
	}
	return out
}
