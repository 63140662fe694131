// Command emulator runs a source and a destination cluster until it is
// interrupted, and says how to reach them.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

type options struct {
	dialect    string
	plain      bool
	latency    time.Duration
	visibility time.Duration
	source     ports
	target     ports
	directory  string
}

// ports of a cluster's listeners, 0: any.
type ports struct{ rest, kafka int }

func main() {
	var o options
	flag.StringVar(&o.dialect, "dialect", "cloud", "answer as `cloud` or platform (Confluent Platform 7.1)")
	flag.BoolVar(&o.plain, "plain", false, "no TLS and no SASL")
	flag.DurationVar(&o.latency, "latency", 0, "time that each REST call takes")
	flag.DurationVar(&o.visibility, "visibility-delay", 0, "time until a new link or mirror topic can be seen")
	flag.IntVar(&o.source.rest, "source-port", 18090, "REST port of the source; 0: any")
	flag.IntVar(&o.source.kafka, "source-kafka-port", 19090, "Kafka port of the source; 0: any")
	flag.IntVar(&o.target.rest, "destination-port", 18091, "REST port of the destination; 0: any")
	flag.IntVar(&o.target.kafka, "destination-kafka-port", 19091, "Kafka port of the destination; 0: any")
	flag.StringVar(&o.directory, "dir", "", "where certificates and client properties are written (default: a temporary directory)")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdin, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// run starts the clusters, tells of them on out, obeys commands from in, and ends with ctx.
func run(ctx context.Context, o options, in io.Reader, out io.Writer) error {
	if o.directory == "" {
		directory, err := os.MkdirTemp("", "emulator-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(directory) }()
		o.directory = directory
	}
	source, err := o.start("source", "lkc-source", o.source)
	if err != nil {
		return err
	}
	defer source.Close()
	destination, err := o.start("destination", "lkc-destination", o.target)
	if err != nil {
		return err
	}
	defer destination.Close()

	_, _ = fmt.Fprintf(out, "endpoints = {\n%s%s}\n\n", source.hcl(), destination.hcl())
	sides := map[string]*side{source.name: source, destination.name: destination}
	for _, s := range []*side{source, destination} {
		if err := s.describe(out); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(out, "\nRunning until interrupted. Commands:\n%s", usage)
	go obey(ctx, sides, in, out)
	<-ctx.Done()
	return nil
}

// side is one of the two clusters.
type side struct {
	*emulator.Cluster
	name, password string // password of user admin, empty with -plain
	directory      string
}

func (o options) start(name, id string, at ports) (*side, error) {
	s := &side{name: name, directory: o.directory}
	cfg := emulator.Config{ClusterID: id, RESTAddress: fmt.Sprintf("127.0.0.1:%d", at.rest), KafkaPort: at.kafka}
	switch o.dialect {
	case "cloud":
	case "platform":
		cfg.Dialect = emulator.ConfluentPlatform71
	default:
		return nil, fmt.Errorf("unknown dialect %q", o.dialect)
	}
	if !o.plain {
		s.password = name + "-secret"
		cfg.TLS = true
		cfg.Users = map[string]string{"admin": s.password}
		cfg.KafkaUsers = map[string]string{"admin": s.password}
	}
	var err error
	if s.Cluster, err = emulator.Start(cfg); err != nil {
		return nil, err
	}
	s.SetLatency(o.latency)
	s.SetVisibilityDelay(o.visibility)
	return s, nil
}

func (s *side) file(suffix string) string { return filepath.Join(s.directory, s.name+suffix) }

// hcl is the cluster's entry in the provider's endpoints.
func (s *side) hcl() string {
	text := fmt.Sprintf("  %s = {\n    rest_endpoint  = %q\n    cluster_id     = %q\n", s.name, s.RESTEndpoint(), s.ID())
	if s.password != "" {
		text += fmt.Sprintf("    username       = \"admin\"\n    password       = %q\n    ca_certificate = file(%q)\n",
			s.password, s.file("-ca.pem"))
	}
	return text + "  }\n"
}

// describe writes the client properties that Kafka's own tools need, and says where they are.
func (s *side) describe(out io.Writer) error {
	properties := "bootstrap.servers=" + s.BootstrapServers() + "\nsecurity.protocol=PLAINTEXT\n"
	if s.password != "" {
		if err := os.WriteFile(s.file("-ca.pem"), []byte(s.CACertificate()), 0o600); err != nil {
			return err
		}
		properties = "bootstrap.servers=" + s.BootstrapServers() + "\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n" +
			"sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"" + s.password + "\";\n" +
			"ssl.truststore.type=PEM\nssl.truststore.location=" + s.file("-ca.pem") + "\n"
	}
	if err := os.WriteFile(s.file(".properties"), []byte(properties), 0o600); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%-11s  bootstrap.servers %s, client properties %s\n", s.name, s.BootstrapServers(), s.file(".properties"))
	return err
}
