package main

import (
	"fmt"
	"io"
	"time"
)

// findings are all that was measured.
type findings struct {
	binary  binary
	results []result
	large   large
}

// table prints results as they come, since the next may take minutes.
type table struct{ out io.Writer }

const columns = "%6s %8s %12s %5s │ %7s %9s │ %5s %9s %9s │ %7s %9s │ %6s\n"

func newTable(out io.Writer) *table {
	_, _ = fmt.Fprintf(out, columns, "topics", "latency", "parallelism", "429", "create", "time", "plan", "time", "floor", "destroy", "time", "memory")
	return &table{out}
}

func (t *table) add(r result) {
	_, _ = fmt.Fprintf(t.out, columns,
		fmt.Sprint(r.topics), r.latency.String(), fmt.Sprint(r.parallelism), fmt.Sprintf("%.0f %%", r.throttle*100),
		fmt.Sprint(r.create.calls), seconds(r.create.took),
		fmt.Sprint(r.plan.calls), seconds(r.plan.took), seconds(r.floor.took),
		fmt.Sprint(r.destroy.calls), seconds(r.destroy.took),
		megabytes(max(r.create.memory, r.plan.memory, r.destroy.memory)))
}

// print tells what is not in the table.
func (f *findings) print(out io.Writer, block int) {
	_, _ = fmt.Fprintln(out, "\ncreate, plan and destroy: REST calls; floor: plan -refresh=false; memory: peak of the provider's process")
	_, _ = fmt.Fprintf(out, "the table: at most %d mirror topics in one resource block\n", block)
	if f.large.measured {
		_, _ = fmt.Fprintf(out, "%d mirror topics with %d partitions each: %s to plan them as resources, %s to read them with the data source\n",
			largeTopics, largePartitions, megabytes(f.large.resources), megabytes(f.large.dataSource))
	}
	_, _ = fmt.Fprintf(out, "the program: %s, %s from start to schema served\n\n", megabytes(f.binary.size), f.binary.start.Round(time.Millisecond))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "?"
	}
	return fmt.Sprintf("%.0f MB", float64(bytes)/1e6)
}
