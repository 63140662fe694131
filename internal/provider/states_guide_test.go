package provider

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// statusRow is a row of the table in the guide to states: a status, and what is
// said of it, by the heading of the column.
type statusRow struct {
	status string
	says   map[string]string
}

// statesGuide reads the table of the guide.
func statesGuide(t *testing.T) []statusRow {
	t.Helper()
	text, err := os.ReadFile(guides + "/states.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var heads []string
	var rows []statusRow
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		cells := strings.Split(strings.ReplaceAll(strings.Trim(line, "|"), "`", ""), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if heads == nil {
			heads = cells
			continue
		}
		if len(cells) != len(heads) {
			t.Fatalf("%d cells, want %d: %s", len(cells), len(heads), line)
		}
		row := statusRow{status: cells[0], says: map[string]string{}}
		if row.status == "any other" {
			row.status = emulatortest.UnknownStatus
		}
		for i, head := range heads {
			row.says[head] = cells[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func (r statusRow) expect(t *testing.T, column, want string) {
	t.Helper()
	if got, ok := r.says[column]; !ok || got != want {
		t.Errorf("%s, %s: the guide says %q, want %q", r.status, column, got, want)
	}
}

// The guide has a row for every status, and says what state shows and which
// plans fail.
func TestStatesGuideSaysWhatIsPlanned(t *testing.T) {
	t.Parallel()
	states := []string{stateActive, statePaused, statePromoted, stateFailedOver}
	var covered []string
	for _, row := range statesGuide(t) {
		covered = append(covered, row.status)
		row.expect(t, "state shows", shownAs(row.status, states))
		for _, wanted := range states {
			says := row.says["write "+wanted]
			for _, prior := range states {
				now := observedState(row.status, prior)
				switch {
				case wanted == now, isStopped(wanted) && isStopped(now): // which the text above the table is about
				case transition(row.status, wanted) != nil:
					row.expect(t, "write "+wanted, "error")
				case says == "" || says == "error":
					t.Errorf("%s, shown as %s: the guide says %q of writing %s, which is possible", row.status, now, says, wanted)
				}
			}
			if shown := row.says["state shows"]; (wanted == shown || isStopped(wanted) && strings.Contains(shown, wanted)) != (says == "") {
				t.Errorf("%s, shown as %s: the guide says %q of writing %s", row.status, shown, says, wanted)
			}
		}
	}
	all := strings.Fields(everyStatus)
	slices.Sort(all)
	if slices.Sort(covered); !slices.Equal(covered, all) {
		t.Errorf("the guide has rows for %q, want %q", covered, all)
	}
}

// The picture has every status, and no other words in capitals but states.
func TestStatesGuideDrawsEveryStatus(t *testing.T) {
	t.Parallel()
	known := append(strings.Fields(everyStatus), stateActive, statePaused, statePromoted, stateFailedOver)
	missing := map[string]bool{}
	for _, status := range strings.Fields(everyStatus) {
		missing[status] = status != emulatortest.UnknownStatus
	}
	for _, b := range blocks(t, guides+"/states.md.tmpl") {
		if b.language != "text" {
			continue
		}
		for _, word := range regexp.MustCompile(`[A-Z][A-Z_]+`).FindAllString(b.text, -1) {
			if missing[word] = false; !slices.Contains(known, word) {
				t.Errorf("%q is no status", word)
			}
		}
	}
	for status, absent := range missing {
		if absent {
			t.Errorf("the picture has no %s", status)
		}
	}
}

// shownAs says what state shows for a status, in the guide's words.
func shownAs(status string, priors []string) string {
	shown := map[string]bool{}
	kept := true
	for _, prior := range priors {
		now := observedState(status, prior)
		shown[now] = true
		kept = kept && now == prior
	}
	switch {
	case kept:
		return "as before"
	case len(shown) == 1:
		return observedState(status, stateActive)
	default:
		return observedState(status, stateActive) + ", or " + stateFailedOver + " if it was"
	}
}

// What the guide says of applying and destroying is what is done at a server that
// reports the status, whatever it is asked.
func TestStatesGuideSaysWhatIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type deed struct {
		row    statusRow
		column string
		topic  string
	}
	var deeds []deed
	var topics []string
	for _, row := range statesGuide(t) {
		for column, says := range row.says {
			plans := strings.HasPrefix(column, "write ") && says != "" && says != "error"
			if !plans && !strings.HasPrefix(column, "destroy") {
				continue
			}
			topic := row.status + regexp.MustCompile(`\W+`).ReplaceAllString(column, ".")
			deeds, topics = append(deeds, deed{row, column, topic}), append(topics, topic)
			w.topic(topic)
			w.destination.SetMirrorStatus("demo-link", topic, row.status)
		}
	}
	w.link(topics...)
	var all sync.WaitGroup // and no subtests, of which only a few run at a time
	for _, d := range deeds {
		all.Go(func() {
			d.row.expect(t, d.column, w.done(d.topic, func(ctx context.Context, e *endpoint) error {
				m := mirrorState(d.topic, "")
				switch wanted, writes := strings.CutPrefix(d.column, "write "); {
				case writes:
					m.State = types.StringValue(observedState(d.row.status, stateActive))
					return m.changeState(ctx, e, wanted)
				case d.column == "destroy, "+onDestroyFailover:
					return topicAt(e, &m).stop(ctx, kafkarest.Failover)
				default:
					return topicAt(e, &m).stop(ctx, kafkarest.Promote)
				}
			}))
		})
	}
	all.Wait()
}

// done says what is done to a topic that never leaves its status, in the guide's
// words. Who still looks after some time waits.
func (w *world) done(topic string, do func(context.Context, *endpoint) error) string {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	e := w.endpoints().byName["destination"] // with no calls shared, which would hide whose they are
	ended := make(chan error, 1)
	go func() { ended <- do(ctx, e) }()
	looks := func() int { return len(calls(w.destination, `^GET .*mirrors/`+regexp.QuoteMeta(topic)+`$`)) }
	waits := false
	var err error
	eventually(w.t, topic+" is done or waited for", func() bool {
		select {
		case err = <-ended:
			return true
		default:
			waits = looks() >= 4
			return waits
		}
	})
	words := map[string]string{"": "nothing", "promote": "promotes", "failover": "fails over", "pause": "pauses", "resume": "resumes"}
	switch verb := w.asks(topic); {
	case waits:
		words[""] = "waits"
		return words[verb]
	case err != nil:
		return "error"
	default:
		return words[verb]
	}
}

// asks is the verb that was put to the server for a topic, or empty.
func (w *world) asks(topic string) string {
	for _, r := range requests(w.destination, `^POST .*/mirrors:`) {
		if strings.Contains(r.Body, `"`+topic+`"`) {
			_, verb, _ := strings.Cut(r.Path, "/mirrors:")
			return verb
		}
	}
	return ""
}
