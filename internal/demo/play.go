package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// play starts the clusters, prepares a configuration, and waits for ctx to end.
func (d *demo) play(ctx context.Context) error {
	d.title("Two Kafka clusters to try cluster linking on, and a configuration for them.")
	err := d.prepare(ctx)
	if err == nil {
		err = d.setUp(ctx)
	}
	if err == nil {
		d.explain()
		wait, cancel := context.WithTimeout(ctx, playTimeout)
		defer cancel()
		<-wait.Done()
	} else {
		d.trouble(err)
	}
	return errors.Join(err, d.cleanUp(ctx))
}

func (d *demo) setUp(ctx context.Context) error {
	for _, step := range []func(context.Context) error{d.startClusters, d.writeRecords, d.prepareFolder} {
		if err := step(ctx); err != nil {
			return because(ctx, err)
		}
	}
	return nil
}

func (d *demo) prepareFolder(ctx context.Context) error {
	d.step("Prepare a folder", fmt.Sprintf("It gets a copy of examples/%s, with its variables set to these clusters.", d.story.example))
	if err := errors.Join(d.source.writeClientFiles(d.tf.folder, "source"), d.destination.writeClientFiles(d.tf.folder, "destination")); err != nil {
		return err
	}
	if err := d.init(ctx); err != nil {
		return err
	}
	d.saw("%s", d.tf.folder)
	return nil
}

// writeClientFiles writes what Kafka's command-line tools and curl need to
// speak to the cluster.
func (c *cluster) writeClientFiles(folder, name string) error {
	ca := filepath.Join(folder, name+".pem")
	kafka := fmt.Sprintf(`security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="%s" password="%s";
ssl.truststore.type=PEM
ssl.truststore.location=%s
`, kafkaUser, c.kafkaPassword, ca)
	rest := fmt.Sprintf("cacert = %q\nuser = %q\n", ca, restUser+":"+c.restPassword)
	return errors.Join(
		os.WriteFile(ca, []byte(c.CACertificate()), 0o600),
		os.WriteFile(filepath.Join(folder, name+".config"), []byte(kafka), 0o600),
		os.WriteFile(filepath.Join(folder, name+".curl"), []byte(rest), 0o600),
	)
}

func (d *demo) explain() {
	cli := "terraform"
	if found, err := exec.LookPath(cli); err != nil || found != d.tf.cli {
		cli = d.tf.cli
	}
	d.step("Over to you", "The clusters run until you press Ctrl-C, which removes the folder, too. In another\nterminal:")
	d.say(fmt.Sprintf(`
    cd %[1]s
    export TF_CLI_CONFIG_FILE=%[2]s  # finds the provider just built
    %[3]s plan
    %[3]s apply
    %[3]s destroy

    The REST API, without Terraform in between:

    curl --config destination.curl %[4]s/kafka/v3/clusters/%[5]s/links

    Kafka's own tools, where they are installed:

    kafka-console-producer --bootstrap-server %[6]s --producer.config source.config --topic %[8]s
    kafka-console-consumer --bootstrap-server %[7]s --consumer.config destination.config --topic %[8]s --from-beginning`,
		d.tf.folder, d.tf.config, cli, d.destination.RESTEndpoint(), d.destination.ID(),
		d.source.BootstrapServers(), d.destination.BootstrapServers(), topic))
}
