package main

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/launch"
)

// binary is what every Terraform command pays for the provider's program.
type binary struct {
	size  int64         // bytes
	start time.Duration // until its schema has been served
}

// starts is how often the program is started; the median counts.
const starts = 7

func examineBinary(ctx context.Context, program string) (found binary, err error) {
	file, err := os.Stat(program)
	if err != nil {
		return found, err
	}
	found.size = file.Size()
	times := make([]time.Duration, starts)
	for i := range times {
		if times[i], err = launch.TimeToSchema(ctx, program, os.Environ(), nil); err != nil {
			return found, err
		}
	}
	slices.Sort(times)
	found.start = times[starts/2]
	return found, nil
}
