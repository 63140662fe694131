package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// planPatience bounds what planning asks of a server beyond refreshing.
const planPatience = 5 * time.Second

// forPlanning asks a server something with planPatience. That there was no time
// for an answer is its own error: no timeouts of the resource change that.
func forPlanning[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	answer, err := ask(ctx)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w within %s: %v", errNoAnswer, planPatience, err)
	}
	return answer, err
}

var errNoAnswer = errors.New("no answer")

// lookups is what planning has found out about a cluster. It is kept as long
// as the provider is configured, which is one plan or one apply: what the
// provider creates itself meanwhile is no news to it. What an endpoint did not
// answer it is not asked again, so that planning never hangs.
type lookups struct {
	cluster  memo[bool] // whether the server knows the cluster at all
	mirrors  memo[map[string]occupant]
	topics   memo[map[string]bool]
	prefixes keyed[memo[string]]                  // by link
	planned  keyed[memo[string]]                  // the same, with what could not be read
	stops    keyed[memo[map[string]stopForecast]] // by link

	validations, reads silence // of links
}

func newLookups() *lookups {
	l := &lookups{}
	l.mirrors.keepErrors, l.topics.keepErrors = true, true
	l.prefixes.make = func(string) *memo[string] { return &memo[string]{} }
	l.planned.make = func(string) *memo[string] { return &memo[string]{keepErrors: true} }
	l.stops.make = func(string) *memo[map[string]stopForecast] { return &memo[map[string]stopForecast]{keepErrors: true} }
	return l
}

// silence remembers that a question about a link was not answered in time. It
// is not put again: however many links are planned, planning waits once. A
// server may be slow to validate, which makes it dial the other cluster, and
// quick with everything else, so that each kind of question has its own.
type silence struct{ err atomic.Pointer[error] }

func (s *silence) ask(ctx context.Context, ask func(context.Context) error) error {
	if err := s.err.Load(); err != nil {
		return *err
	}
	_, err := forPlanning(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, ask(ctx) })
	if errors.Is(err, errNoAnswer) {
		s.err.Store(&err)
	}
	return err
}

// surelyGone returns err, or another error where it says that an object does
// not exist only because the server does not know the cluster: an address that
// leads to another cluster must not empty the state.
func (e *endpoint) surelyGone(ctx context.Context, err error) error {
	if !errors.Is(err, kafkarest.ErrNotFound) {
		return err
	}
	exists, listErr := e.lookups.cluster.get(ctx, func() (bool, error) {
		_, err := e.client.Links(ctx)
		if errors.Is(err, kafkarest.ErrNotFound) {
			return false, nil
		}
		return true, err
	})
	if listErr == nil && !exists {
		return fmt.Errorf("the server knows no cluster %q; see whether rest_endpoint and cluster_id of the endpoint belong together (%s)", e.clusterID, kafkarest.ServerWords(err))
	}
	return err
}

// occupant is the topic that has a name. Link is empty for one that is no
// mirror topic.
type occupant struct {
	link, source, status string
}

// occupant returns what stands at the name of a topic, or nil. Two shared lists
// serve all names; a server that does not list topics is asked name by name.
func (e *endpoint) occupant(ctx context.Context, topic string) (*occupant, error) {
	var topics map[string]bool
	var topicsErr error
	var together sync.WaitGroup
	together.Go(func() { topics, topicsErr = e.topicNames(ctx) })
	mirrors, err := e.mirrorNames(ctx)
	together.Wait()
	if err != nil {
		return nil, err
	}
	if o, ok := mirrors[topic]; ok {
		return &o, nil
	}
	taken, err := topics[topic], topicsErr
	if errors.Is(err, kafkarest.ErrNotFound) || errors.Is(err, kafkarest.ErrUnsupported) {
		_, err = forPlanning(ctx, func(ctx context.Context) (*kafkarest.Topic, error) { return e.client.Topic(ctx, topic) })
		taken = err == nil
		if errors.Is(err, kafkarest.ErrNotFound) {
			err = nil
		}
	}
	if err != nil || !taken {
		return nil, err
	}
	return &occupant{}, nil
}

// topicNames lists all topics once.
func (e *endpoint) topicNames(ctx context.Context) (map[string]bool, error) {
	return e.lookups.topics.get(ctx, func() (map[string]bool, error) {
		list, err := forPlanning(ctx, e.client.Topics)
		names := make(map[string]bool, len(list))
		for _, t := range list {
			names[t.Name] = true
		}
		return names, err
	})
}

// mirrorNames lists the mirror topics of all links once.
func (e *endpoint) mirrorNames(ctx context.Context) (map[string]occupant, error) {
	return e.lookups.mirrors.get(ctx, func() (map[string]occupant, error) {
		list, err := forPlanning(ctx, func(ctx context.Context) ([]kafkarest.Mirror, error) {
			return e.client.Mirrors(ctx, kafkarest.AnyLink, "")
		})
		if errors.Is(err, kafkarest.ErrNotFound) {
			err = nil // no link, or a server that cannot list those of all
		}
		names := make(map[string]occupant, len(list))
		for _, m := range list {
			names[m.Name] = occupant{link: m.LinkName, source: m.SourceTopicName, status: m.Status}
		}
		return names, err
	})
}

// prefix returns what a link puts before the names of its mirror topics.
func (e *endpoint) prefix(ctx context.Context, link string) (string, error) {
	return e.lookups.prefixes.of(link).get(ctx, func() (string, error) {
		settings, err := e.client.LinkSettings(ctx, link)
		if err != nil {
			return "", err
		}
		for _, s := range settings {
			if s.Name == prefixSetting && s.Value != nil {
				return *s.Value, nil
			}
		}
		return "", nil
	})
}

// plannedPrefix is prefix for planning: a link that is not there yet, or whose
// server does not answer, is asked for once for all its mirror topics.
func (e *endpoint) plannedPrefix(ctx context.Context, link string) (string, error) {
	return e.lookups.planned.of(link).get(ctx, func() (string, error) {
		var prefix string
		err := e.lookups.reads.ask(ctx, func(ctx context.Context) (err error) {
			prefix, err = e.prefix(ctx, link)
			return err
		})
		return prefix, err
	})
}

// stopForecast is what promoting a mirror topic would meet.
type stopForecast struct {
	status  string
	lag     int64  // records, over all partitions
	refusal string // the server's words; empty: it would be accepted
}

// stopForecasts asks once for all mirror topics of a link what promoting them
// would meet: a plan may be about to promote hundreds.
func (e *endpoint) stopForecasts(ctx context.Context, link string) (map[string]stopForecast, error) {
	return e.lookups.stops.of(link).get(ctx, func() (map[string]stopForecast, error) {
		return forPlanning(ctx, func(ctx context.Context) (map[string]stopForecast, error) { return e.askStopForecasts(ctx, link) })
	})
}

func (e *endpoint) askStopForecasts(ctx context.Context, link string) (map[string]stopForecast, error) {
	mirrors, err := e.client.Mirrors(ctx, link, "")
	if err != nil {
		return nil, err
	}
	forecasts := make(map[string]stopForecast, len(mirrors))
	var names []string
	for _, m := range mirrors {
		forecasts[m.Name] = stopForecast{status: m.Status, lag: totalLag(m.Lags)}
		if m.Status != kafkarest.StatusStopped && m.Status != kafkarest.StatusPendingStopped {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return forecasts, nil
	}
	verdicts, err := e.client.AlterMirrors(ctx, link, kafkarest.Promote, kafkarest.Selection{Names: names}, true)
	for _, v := range verdicts {
		forecast := forecasts[v.MirrorTopicName]
		if len(v.Lags) > 0 {
			forecast.lag = totalLag(v.Lags)
		}
		if v.Refused() {
			forecast.refusal = v.ErrorMessage
		}
		forecasts[v.MirrorTopicName] = forecast
	}
	if errors.Is(err, kafkarest.ErrUnsupported) {
		err = nil // the lag is known all the same
	}
	return forecasts, err
}

func totalLag(lags []kafkarest.Lag) int64 {
	var total int64
	for _, l := range lags {
		total += l.Lag
	}
	return total
}

func index[T any](rows []T, key func(T) string) map[string]T {
	byKey := make(map[string]T, len(rows))
	for _, row := range rows {
		byKey[key(row)] = row
	}
	return byKey
}
