// Command demo links two Kafka clusters with Terraform, mirrors a topic and
// promotes it, from an empty machine back to an empty machine. Nothing of it is
// staged but the clusters, which are emulated in this process: the CLI is the
// real one, the provider is built from this module or comes from an archive of a
// release, the configuration is one of
// its examples, and Kafka clients write and read the records. Every step checks
// what it shows, and the first that is not as it should be ends the demo with
// exit status 1.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	buildTimeout = 10 * time.Minute // to fetch a CLI, and to build the provider with nothing cached
	storyTimeout = 2 * time.Minute
	playTimeout  = 12 * time.Hour // less than the certificates are valid
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout))
}

// run returns the exit status: 0 where all went as it should, 1 where something
// did not, and 2 where args make no sense.
func run(ctx context.Context, args []string, out io.Writer) int {
	d, err := parse(args, out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if err := d.run(ctx); err != nil {
		return 1
	}
	return 0
}

// parse makes a demo of the command line. It has told of what it returns as an error.
func parse(args []string, out io.Writer) (*demo, error) {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(out)
	sourceInitiated := flags.Bool("source-initiated", false, "link the clusters from the source, with a pair of links")
	archive := flags.String("archive", "", "install the provider from this archive of a release instead of building it")
	play := flags.Bool("play", false, "start the clusters, prepare a configuration, and wait for Ctrl-C")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		flags.Usage()
		return nil, errors.New("arguments make no sense")
	}
	d := &demo{narrator: newNarrator(out), story: fromDestination, cli: os.Getenv("TF_ACC_TERRAFORM_PATH"), archive: *archive}
	if *sourceInitiated {
		d.story = fromSource
	}
	d.run = d.tell
	if *play {
		d.run = d.play
	}
	return d, nil
}
