package apachekafka

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// The user that the broker logs in to itself as, and tests as well.
const adminUser, adminPassword = "admin", "broker-password-1"

var scramMechanisms = []string{"SCRAM-SHA-256", "SCRAM-SHA-512"}

// writeCertificates makes the broker's authority and a certificate of it.
func (b *Broker) writeCertificates() error {
	var err error
	if b.ca, err = emulator.NewCA(); err != nil {
		return err
	}
	certificate, key, err := b.ca.Issue("localhost")
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.file("ca.pem"), []byte(b.ca.Certificate()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(b.file("server.pem"), []byte(key+certificate), 0o600)
}

// writeSettings writes server.properties: broker and controller in one, which
// keep everything in one copy, and little of it in memory.
func (b *Broker) writeSettings() error {
	const module = "org.apache.kafka.common.security."
	plainUsers := maps.Clone(b.cfg.PlainUsers)
	if plainUsers == nil {
		plainUsers = make(map[string]string)
	}
	plainUsers[adminUser] = adminPassword
	plainLogin := fmt.Sprintf(module+"plain.PlainLoginModule required username=%q password=%q", adminUser, adminPassword)
	for user, password := range plainUsers {
		plainLogin += fmt.Sprintf(" user_%s=%q", user, password)
	}
	controller := freePort(b.t)
	settings := map[string]string{
		"process.roles":                                 "broker,controller",
		"node.id":                                       "1",
		"controller.quorum.voters":                      fmt.Sprintf("1@127.0.0.1:%d", controller),
		"listeners":                                     fmt.Sprintf("SASL_SSL://%s,CONTROLLER://127.0.0.1:%d", b.BootstrapServers(), controller),
		"listener.security.protocol.map":                "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
		"controller.listener.names":                     "CONTROLLER",
		"inter.broker.listener.name":                    "SASL_SSL",
		"sasl.mechanism.inter.broker.protocol":          "PLAIN",
		"sasl.enabled.mechanisms":                       "PLAIN," + strings.Join(scramMechanisms, ","),
		"listener.name.sasl_ssl.plain.sasl.jaas.config": plainLogin + ";",
		"ssl.keystore.type":                             "PEM",
		"ssl.keystore.location":                         b.file("server.pem"),
		"ssl.truststore.type":                           "PEM",
		"ssl.truststore.location":                       b.file("ca.pem"),
		"broker.heartbeat.interval.ms":                  "500",
		"broker.session.timeout.ms":                     "3000", // how long a killed broker counts as running, and cannot start
		"log.dirs":                                      b.file("data"),
		"log.cleaner.dedupe.buffer.size":                "4194304",
		"offsets.topic.num.partitions":                  "1",
		"offsets.topic.replication.factor":              "1",
		"transaction.state.log.num.partitions":          "1",
		"transaction.state.log.replication.factor":      "1",
		"transaction.state.log.min.isr":                 "1",
	}
	for _, mechanism := range scramMechanisms {
		settings["listener.name.sasl_ssl."+strings.ToLower(mechanism)+".sasl.jaas.config"] = module + "scram.ScramLoginModule required;"
	}
	maps.Copy(settings, b.cfg.Settings)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&text, "%s=%s\n", name, settings[name])
	}
	return os.WriteFile(b.file("server.properties"), []byte(text.String()), 0o600)
}
