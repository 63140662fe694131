package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watchMemory watches all processes whose program is in a folder until peak is
// called, which returns the most memory, in bytes, that one of them has held. It
// can be told on Linux only; elsewhere it is 0.
func watchMemory(folder string) (peak func() int64) {
	stop, most := make(chan struct{}), make(chan int64)
	go func() {
		var highest int64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				for _, process := range processesIn(folder) {
					highest = max(highest, highWaterMark(process))
				}
			case <-stop:
				most <- highest
				return
			}
		}
	}()
	return func() int64 { close(stop); return <-most }
}

// processesIn lists the folders in /proc of the processes whose program lies in a
// folder.
func processesIn(folder string) []string {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	var processes []string
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, folder+"/") {
			processes = append(processes, filepath.Dir(link))
		}
	}
	return processes
}

// highWaterMark is the line VmHWM of /proc/<pid>/status: the most that the
// process has held in memory at once since it started.
func highWaterMark(process string) int64 {
	status, err := os.ReadFile(filepath.Join(process, "status"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kilobytes, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	return kilobytes << 10
}
