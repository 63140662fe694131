package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
)

// Every status of the API's description, one that only a server newer than this
// provider could report, and none, as before a mirror topic was first read.
const everyStatus = "ACTIVE FAILED LINK_FAILED LINK_PAUSED PAUSED PENDING_STOPPED SOURCE_UNAVAILABLE STOPPED " +
	"PENDING_MIRROR PENDING_SYNCHRONIZE PENDING_SETUP_FOR_RESTORE PENDING_RESTORE " + emulatortest.UnknownStatus

func TestTransitions(t *testing.T) {
	t.Parallel()
	// By status: the states that can be reached from it.
	reachable := map[string]string{
		"ACTIVE":             "ACTIVE PAUSED PROMOTED FAILED_OVER",
		"PAUSED":             "ACTIVE PAUSED PROMOTED FAILED_OVER",
		"STOPPED":            "PROMOTED FAILED_OVER",
		"PENDING_STOPPED":    "PROMOTED FAILED_OVER",
		"FAILED":             "FAILED_OVER",
		"LINK_FAILED":        "FAILED_OVER",
		"SOURCE_UNAVAILABLE": "FAILED_OVER",
	}
	for _, status := range append(strings.Fields(everyStatus), "") {
		can, ok := reachable[status]
		if !ok {
			can = "FAILED_OVER"
		}
		for _, wanted := range []string{stateActive, statePaused, statePromoted, stateFailedOver} {
			err := transition(status, wanted)
			if possible := strings.Contains(" "+can+" ", " "+wanted+" "); possible != (err == nil) {
				t.Errorf("from %q to %s: got %v, want possible: %t", status, wanted, err, possible)
			}
			if err == nil {
				continue
			}
			if wayOut := map[bool]string{true: `state = "PROMOTED"`, false: `state = "FAILED_OVER"`}[status == "STOPPED"]; !strings.Contains(err.Error(), wayOut) {
				t.Errorf("from %q to %s: %q does not say what can be done: %s", status, wanted, err, wayOut)
			}
			if status != "" && !strings.Contains(err.Error(), "is "+status) {
				t.Errorf("from %q to %s: %q does not say the status", status, wanted, err)
			}
			if strings.Contains(err.Error(), "is ,") || strings.Contains(err.Error(), "is .") {
				t.Errorf("from %q to %s: %q has a hole", status, wanted, err)
			}
		}
	}
	for _, way := range []string{"removed block", "clusterlink_restore_mirror_topics", "bidirectional"} {
		if err := transition("STOPPED", stateActive); !strings.Contains(err.Error(), way) {
			t.Errorf("from STOPPED to ACTIVE: %q does not mention %q", err, way)
		}
	}
}

func TestObservedStates(t *testing.T) {
	t.Parallel()
	for _, status := range append(strings.Fields(everyStatus), "") {
		for _, prior := range []string{stateActive, statePaused, statePromoted, stateFailedOver} {
			want := prior
			switch status {
			case "ACTIVE":
				want = stateActive
			case "PAUSED":
				want = statePaused
			case "STOPPED":
				if prior == stateActive || prior == statePaused {
					want = statePromoted
				}
			}
			if got := observedState(status, prior); got != want {
				t.Errorf("status %q seen, state %s before: got %s, want %s", status, prior, got, want)
			}
		}
	}
}

func TestWhatReplacesAMirrorTopic(t *testing.T) {
	t.Parallel()
	before := mirrorTopicModel{
		Endpoint: types.StringValue("destination"), LinkName: types.StringValue("link"), SourceTopicName: types.StringValue("orders"),
		MirrorTopicName: types.StringValue("orders"), ReplicationFactor: types.Int64Value(3),
		Config: types.MapNull(types.StringType), State: types.StringValue(stateActive), OnDestroy: types.StringValue(onDestroyPromote),
	}
	for name, test := range map[string]struct {
		change func(state, plan *mirrorTopicModel)
		moves  bool
		want   string
	}{
		"nothing":                            {change: func(_, _ *mirrorTopicModel) {}},
		"another cluster":                    {change: func(_, _ *mirrorTopicModel) {}, moves: true, want: "endpoint"},
		"another name of the same endpoint":  {change: func(_, plan *mirrorTopicModel) { plan.Endpoint = types.StringValue("target") }},
		"another link":                       {change: func(_, plan *mirrorTopicModel) { plan.LinkName = types.StringValue("other") }, want: "link_name"},
		"a link not known yet":               {change: func(_, plan *mirrorTopicModel) { plan.LinkName = types.StringUnknown() }, want: "link_name"},
		"another source topic":               {change: func(_, plan *mirrorTopicModel) { plan.SourceTopicName = types.StringValue("payments") }, want: "source_topic_name"},
		"another name":                       {change: func(_, plan *mirrorTopicModel) { plan.MirrorTopicName = types.StringValue("a.orders") }, want: "mirror_topic_name"},
		"another replication factor":         {change: func(_, plan *mirrorTopicModel) { plan.ReplicationFactor = types.Int64Value(2) }, want: "replication_factor"},
		"a replication factor first written": {change: func(state, _ *mirrorTopicModel) { state.ReplicationFactor = types.Int64Null() }},
		"a replication factor taken out":     {change: func(_, plan *mirrorTopicModel) { plan.ReplicationFactor = types.Int64Null() }},
		"state and what destroying does": {change: func(_, plan *mirrorTopicModel) {
			plan.State, plan.OnDestroy = types.StringValue(statePaused), types.StringValue(onDestroyKeep)
		}},
	} {
		state, plan := before, before
		test.change(&state, &plan)
		got := ""
		for _, at := range mirrorReplacements(state, plan, test.moves) {
			got += at.String()
		}
		if got != test.want {
			t.Errorf("%s: got %q replaced, want %q", name, got, test.want)
		}
	}
}
