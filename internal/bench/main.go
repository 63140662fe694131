// Command bench measures what many mirror topics cost: REST calls, time and
// memory of the real Terraform CLI with the provider built from this module,
// against two clusters that are emulated in this process. It prints one table,
// and then which of the goals for them are met.
//
// Time is that of whole Terraform commands, so that beside each plan stands its
// floor: the same plan with -refresh=false, which is Terraform's own share. The
// clusters use the same processors; on a busy machine only calls tell something.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runTimeout bounds a run, commandTimeout each command in it.
const (
	runTimeout     = 4 * time.Hour
	commandTimeout = 20 * time.Minute
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout))
}

// run returns the exit status: 0, 1 where something failed or a goal that was
// to be checked is missed, and 2 where args make no sense.
func run(args []string, out io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	o, err := parse(args, out)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	missed, err := o.measure(ctx, out)
	switch {
	case err != nil:
		_, _ = fmt.Fprintln(out, "bench:", err)
		return 1
	case missed > 0 && o.check:
		return 1
	}
	return 0
}

// options are what to measure.
type options struct {
	topics, parallelism []int
	latency             []time.Duration
	throttle            []float64 // the share of calls that is answered with 429
	plans               int       // how often each plan is made; the median counts
	block               int       // mirror topics in one resource block, at most
	stateFile           bool      // Terraform keeps its states in files
	check, large        bool
	binary              string // examine this program of the provider, and nothing else
}

// parse makes options of the command line. It has told of what it returns as an error.
func parse(args []string, out io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(out)
	list(flags, &o.topics, strconv.Atoi, "topics", "1,100,1000,5000", "numbers of mirror topics")
	list(flags, &o.latency, time.ParseDuration, "latency", "0s,50ms", "what each REST call takes")
	list(flags, &o.parallelism, strconv.Atoi, "parallelism", "10,50", "Terraform's -parallelism")
	list(flags, &o.throttle, parseShare, "throttle", "0,0.3", "shares of REST calls that are answered with 429")
	flags.IntVar(&o.plans, "plans", 3, "how often to make each plan, of which the median counts")
	flags.IntVar(&o.block, "block", 1000, "how many mirror topics are in one resource block at most")
	flags.BoolVar(&o.stateFile, "state-file", false, "keep Terraform's state in a file, which it writes anew for each resource that changes")
	flags.BoolVar(&o.large, "large", true, fmt.Sprintf("measure the memory that a link with %d mirror topics takes", largeTopics))
	flags.BoolVar(&o.check, "check", false, "end with exit status 1 where a goal is missed")
	flags.StringVar(&o.binary, "binary", "", "look only at how large this provider's program is, and how soon it serves its schema")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 || o.plans < 1 || o.block < 1 {
		flags.Usage()
		return nil, errors.New("arguments make no sense")
	}
	return o, nil
}

// list adds a flag whose value is a list with commas.
func list[T any](flags *flag.FlagSet, values *[]T, parse func(string) (T, error), name, preset, usage string) {
	set := func(text string) error {
		*values = nil
		for part := range strings.SplitSeq(text, ",") {
			value, err := parse(part)
			if err != nil {
				return err
			}
			*values = append(*values, value)
		}
		return nil
	}
	if err := set(preset); err != nil {
		panic(err)
	}
	flags.Func(name, usage+" (default "+preset+")", set)
}

func parseShare(text string) (float64, error) {
	share, err := strconv.ParseFloat(text, 64)
	if err == nil && (share < 0 || share >= 1) {
		err = errors.New("a share is at least 0 and less than 1")
	}
	return share, err
}

// cases are the combinations to measure.
func (o *options) cases() []setting {
	var cases []setting
	for _, topics := range o.topics {
		for _, parallelism := range o.parallelism {
			for _, throttle := range o.throttle {
				for _, latency := range o.latency {
					cases = append(cases, setting{topics, parallelism, latency, throttle})
				}
			}
		}
	}
	return cases
}

// measure prints the table and the goals, and counts those that are missed.
func (o *options) measure(ctx context.Context, out io.Writer) (missed int, err error) {
	if o.binary != "" {
		found, err := examineBinary(ctx, o.binary)
		return printGoals(out, found.goals()), err
	}
	b, err := prepare(ctx, o, out)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	var found findings
	if found.binary, err = examineBinary(ctx, b.provider); err != nil {
		return 0, err
	}
	table := newTable(out)
	for _, s := range o.cases() {
		r, err := b.cycle(ctx, s)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s, err)
		}
		table.add(r)
		found.results = append(found.results, r)
	}
	if o.large {
		if found.large, err = b.largeList(ctx); err != nil {
			return 0, fmt.Errorf("a list of %d mirror topics: %w", largeTopics, err)
		}
	}
	found.print(out, o.block)
	return printGoals(out, found.goals()), nil
}
