package provider

import (
	"sync"
	"time"
)

// This file is how long calls that can be shared wait for each other; see
// sharing.go.

const (
	// While fewer wait than have been at work at once, more may come. The
	// gathered calls go out when none has for gatherGaps times what it lately took
	// from one to the next; within these bounds, for machines are idle or busy.
	gatherGaps      = 5
	gatherQuiet     = 100 * time.Millisecond
	gatherQuietMost = time.Second
	// Where as many wait as were ever at work, another may come all the same:
	// nobody knows how many Terraform lets work at once. It is waited for some
	// gaps, and at least gatherBriefly, or gatherQuiet with patience, until that was
	// in vain gatherHopes times.
	gatherBriefly = 5 * time.Millisecond
	gatherHopes   = 8
	// A patient gather waits for the whole crowd, as long as one is usually at
	// work and it takes until all are replaced, within these bounds; but not for
	// those who have been at work for longer than gatherStuck.
	gatherPatience     = 500 * time.Millisecond
	gatherPatienceMost = 3 * time.Second
	gatherStuck        = 10 * time.Second
	// gatherLongest bounds it all while calls keep arriving.
	gatherLongest = 10 * time.Second
)

// crowd counts who is at work on something. Terraform keeps as many resources
// going as it may, so once that many wait, nobody else can come.
type crowd struct {
	mu           sync.Mutex
	active, most int // now, and at once lately
	stuck        int // those of the active who take long
	vain         int // how often nobody has come to make them more
	enteredAt    time.Time
	gap, stay    time.Duration // lately: from one who enters to the next, and to leave
}

// enter counts one more until leave is called.
func (c *crowd) enter() (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if gap := now.Sub(c.enteredAt); gap < gatherQuietMost {
		c.gap += (gap - c.gap) / 8
	}
	c.enteredAt = now
	c.active++
	if c.active > c.most {
		c.most, c.vain = c.active, 0
	}
	timer := time.AfterFunc(gatherStuck, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.stuck++
	})
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.active--
		if timer.Stop() {
			c.stay += (time.Since(now) - c.stay) / 8
		} else {
			c.stuck--
		}
	}
}

// quiet is how long to wait for more callers once so many have come.
func (c *crowd) quiet(waiting int, patient bool) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	quiet := min(max(gatherGaps*c.gap, gatherQuiet), gatherQuietMost)
	switch {
	case waiting >= c.most && c.vain < gatherHopes && patient:
		return gatherQuiet
	case waiting >= c.most && c.vain < gatherHopes:
		return min(max(gatherGaps*c.gap, gatherBriefly), gatherQuiet)
	case waiting >= c.most, patient && waiting >= c.most-c.stuck:
		return 0
	case patient:
		return max(quiet, min(max(c.stay+time.Duration(c.most)*c.gap, gatherPatience), gatherPatienceMost))
	default:
		return quiet
	}
}

// waited is called when nobody has come for as long as quiet said.
func (c *crowd) waited(waiting int, patient bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case waiting >= c.most:
		c.vain++
	case patient: // who is not at work by now is kept elsewhere
		c.most = c.active
	}
}
