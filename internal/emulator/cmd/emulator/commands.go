package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

const usage = `  create  CLUSTER TOPIC [PARTITIONS]
  produce CLUSTER TOPIC VALUE...
  consume CLUSTER TOPIC COUNT
  outage  CLUSTER
  restore CLUSTER
  where CLUSTER is source or destination.
`

// obey carries out the commands on the lines of in.
func obey(ctx context.Context, sides map[string]*side, in io.Reader, out io.Writer) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		answer := usage
		if s := sides[strings.Join(words[1:min(2, len(words))], "")]; s != nil {
			var err error
			if answer, err = s.command(ctx, words[0], words[2:]); err != nil {
				answer = "error: " + err.Error() + "\n"
			}
		}
		_, _ = io.WriteString(out, answer)
	}
}

// command carries out one command and returns what to say.
func (s *side) command(ctx context.Context, verb string, words []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	count := 1
	if len(words) > 1 {
		count, _ = strconv.Atoi(words[1])
	}
	switch {
	case verb == "create" && len(words) > 0:
		return "created\n", s.CreateTopic(words[0], count)
	case verb == "produce" && len(words) > 1:
		return fmt.Sprintf("%d written\n", len(words)-1), s.Produce(ctx, words[0], words[1:]...)
	case verb == "consume" && len(words) == 2:
		values, err := s.Consume(ctx, words[0], count)
		return strings.Join(values, "\n") + "\n", err
	case verb == "outage":
		s.Broker().Outage()
		return "unreachable for Kafka clients and links\n", nil
	case verb == "restore":
		return "reachable again\n", s.Broker().Restore()
	}
	return usage, nil
}
