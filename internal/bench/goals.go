package main

import (
	"fmt"
	"io"
	"time"
)

// goal is a limit, and what was measured.
type goal struct {
	what            string
	measured, limit float64
	unit            string
}

// met reports whether the goal is. What could not be measured is not met.
func (g goal) met() bool { return g.measured > 0 && g.measured <= g.limit }

// printGoals counts those that are missed.
func printGoals(out io.Writer, goals []goal) (missed int) {
	for _, g := range goals {
		verdict := "ok"
		if !g.met() {
			verdict = "MISSED"
			missed++
		}
		_, _ = fmt.Fprintf(out, "%-6s  %-78s %9.4g of %.4g %s\n", verdict, g.what, g.measured, g.limit, g.unit)
	}
	_, _ = fmt.Fprintf(out, "\n%d of %d goals met\n", len(goals)-missed, len(goals))
	return missed
}

// goals are those that what was measured can tell of.
func (f *findings) goals() []goal {
	var goals []goal
	for _, r := range f.results {
		if r.topics == 1000 {
			goals = append(goals, f.planGoals(r)...)
		}
		if r.topics == 5000 {
			goals = append(goals, f.growthGoals(r)...)
		}
		if r.throttle == 0 {
			goals = append(goals, f.applyGoals(r)...)
		}
	}
	if f.large.measured {
		goals = append(goals,
			goal{fmt.Sprintf("peak memory, %d mirror topics with %d partitions planned", largeTopics, largePartitions), float64(f.large.resources) / 1e6, 200, "MB"},
			goal{"peak memory, the same read by the data source", float64(f.large.dataSource) / 1e6, 200, "MB"})
	}
	return append(goals, f.binary.goals()...)
}

func (b binary) goals() []goal {
	return []goal{
		{"size of the program", float64(b.size) / 1e6, 25, "MB"},
		{"from start to schema served", b.start.Seconds() * 1e3, 100, "ms"},
	}
}

// planGoals: a plan asks for everything once, so that latency and throttling hardly show.
func (f *findings) planGoals(r result) []goal {
	var goals []goal
	if r.throttle == 0 {
		goals = append(goals, goal{r.title("plan, calls"), float64(r.plan.calls), 5, "calls"})
	}
	if near, ok := f.find(r.topics, r.parallelism, 0, r.throttle); ok && r.latency > 0 && r.throttle == 0 {
		goals = append(goals, timeGoal(r.title("plan, time against no latency"), r.plan.took, near.plan.took, 1.15))
	}
	if free, ok := f.find(r.topics, r.parallelism, r.latency, 0); ok && r.throttle > 0 {
		goals = append(goals, timeGoal(r.title("plan, time against no throttling"), r.plan.took, free.plan.took, 1.5))
	}
	return goals
}

// growthGoals: the time of a plan grows as the number of topics does.
func (f *findings) growthGoals(r result) []goal {
	thousand, ok := f.find(1000, r.parallelism, r.latency, r.throttle)
	if !ok {
		return nil
	}
	return []goal{timeGoal(r.title("plan, time against 1000 topics"), r.plan.took, thousand.plan.took, 5.5)}
}

// applyGoals: a creation is one call for each topic, and those that go on at
// the same time share all others; those that are destroyed share every call.
// The guide to operating thousands of topics promises these, and those of plans.
func (f *findings) applyGoals(r result) []goal {
	n, p := float64(r.topics), float64(r.parallelism)
	goals := []goal{
		{r.title("create, calls"), float64(r.create.calls), (1+1.5/p)*n + 15, "calls"},
		{r.title("destroy, calls"), float64(r.destroy.calls), 4/p*n + 20, "calls"},
	}
	if near, ok := f.find(r.topics, r.parallelism, 0, 0); ok && r.latency > 0 {
		waits := 2 * n / p * r.latency.Seconds()
		goals = append(goals, goal{r.title("create, time"), r.create.took.Seconds(), 1.5 * (waits + near.create.took.Seconds()), "s"})
	}
	return goals
}

func timeGoal(what string, took, base time.Duration, factor float64) goal {
	return goal{what, took.Seconds(), factor * base.Seconds(), "s"}
}

func (r result) title(what string) string { return fmt.Sprintf("%s (%s)", what, r.setting) }

func (f *findings) find(topics, parallelism int, latency time.Duration, throttle float64) (result, bool) {
	for _, r := range f.results {
		if r.setting == (setting{topics, parallelism, latency, throttle}) {
			return r, true
		}
	}
	return result{}, false
}
