package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// newMirroring is a pair whose destination mirrors topics of the source over
// demo-link, made without Terraform.
func newMirroring(t *testing.T, topics ...string) *pair {
	t.Helper()
	p := newPair(t)
	p.outsideLink(p.destination, kafkarest.NewLink{Name: "demo-link", SourceClusterID: "lkc-source", Validate: true, Configs: []kafkarest.Setting{
		{Name: "bootstrap.servers", Value: p.source.BootstrapServers()},
	}})
	for _, topic := range topics {
		p.mirror(topic)
	}
	p.awaitStatus(p.destination, "demo-link", "ACTIVE", topics...)
	return p
}

func (p *pair) outsideLink(c *emulator.Cluster, link kafkarest.NewLink) {
	p.t.Helper()
	if err := p.outside(c).CreateLink(p.t.Context(), link, false); err != nil {
		p.t.Fatal(err)
	}
}

// awaitStatus waits until mirror topics of a link have a status.
func (p *pair) awaitStatus(c *emulator.Cluster, link, status string, topics ...string) {
	p.t.Helper()
	client := p.outside(c)
	for _, topic := range topics {
		eventually(p.t, topic+" to be "+status, func() bool {
			m, err := client.Mirror(p.t.Context(), link, topic, false)
			return err == nil && m.Status == status
		})
	}
}

// invocation is what came of an action.
type invocation struct {
	progress    []string
	diagnostics []*tfprotov6.Diagnostic
}

// invoke runs an action as the core does: validated and planned before. Progress
// is also given to those who listen.
func (w *wire) invoke(ctx context.Context, name string, config attrs, listen ...func(progress string)) invocation {
	w.t.Helper()
	server := w.ProviderServer.(tfprotov6.ActionServer)
	name = "clusterlink_" + name + "_mirror_topics"
	raw := w.encode(value(w.schema.ActionSchemas[name].Schema.ValueType(), config))
	validated, err := server.ValidateActionConfig(ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: raw})
	if err != nil || hasError(validated.Diagnostics) {
		return invocation{diagnostics: validated.Diagnostics}
	}
	planned, err := server.PlanAction(ctx, &tfprotov6.PlanActionRequest{ActionType: name, Config: raw})
	if err != nil || hasError(planned.Diagnostics) {
		return invocation{diagnostics: planned.Diagnostics}
	}
	stream, err := server.InvokeAction(ctx, &tfprotov6.InvokeActionRequest{ActionType: name, Config: raw})
	if err != nil {
		w.t.Fatal(err)
	}
	var done invocation
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			done.progress = append(done.progress, event.Message)
			for _, hear := range listen {
				hear(event.Message)
			}
		case tfprotov6.CompletedInvokeActionEventType:
			done.diagnostics = event.Diagnostics
		}
	}
	return done
}

// set is a set of strings.
func set(values ...string) []tftypes.Value {
	elements := []tftypes.Value{}
	for _, v := range values {
		elements = append(elements, tftypes.NewValue(tftypes.String, v))
	}
	return elements
}

// onDestination is the configuration of an action on demo-link.
func onDestination(more attrs) attrs {
	return attrs{"endpoint": "destination", "link_name": "demo-link"}.with(more)
}

func (i invocation) expect(t *testing.T, progress []string, diagnostics ...string) {
	t.Helper()
	if !slices.Equal(i.progress, progress) {
		t.Errorf("progress: %q, want %q", i.progress, progress)
	}
	expectDiagnostics(t, i.diagnostics, diagnostics...)
}

// expectChanges wants exactly these calls that change something, since the last time.
func (p *pair) expectChanges(c *emulator.Cluster, want ...string) {
	p.t.Helper()
	if made := changes(c); !slices.Equal(made, want) {
		p.t.Errorf("changes: %q, want %q", made, want)
	}
	c.ResetRequests()
}

func TestActionsTakeManyMirrorTopicsInOneRequest(t *testing.T) {
	t.Parallel()
	for _, verb := range []struct{ name, participle, before, after string }{
		{"promote", "promoted", "ACTIVE", "STOPPED"},
		{"failover", "failed over", "ACTIVE", "STOPPED"},
		{"pause", "paused", "ACTIVE", "PAUSED"},
		{"resume", "resumed", "PAUSED", "ACTIVE"},
	} {
		for by, chosen := range map[string]attrs{
			"names":  {"mirror_topic_names": set("c", "a", "b")},
			"regexp": {"mirror_topic_name_regex": "^[abc]$"},
		} {
			t.Run(verb.name+" by "+by, func(t *testing.T) {
				t.Parallel()
				p := newMirroring(t, "a", "b", "c", "other")
				if verb.before == "PAUSED" {
					p.outsideVerb(kafkarest.Pause, "a", "b", "c", "other")
					p.awaitStatus(p.destination, "demo-link", "PAUSED", "a", "b", "c", "other")
				}
				first := p.invoke(t.Context(), verb.name, onDestination(chosen))
				expectDiagnostics(t, first.diagnostics)
				if begun := fmt.Sprintf(`3 of 3 mirror topics of link "demo-link" are being %s`, verb.participle); len(first.progress) < 2 || first.progress[0] != begun {
					t.Errorf("progress: %q, want first %q", first.progress, begun)
				}
				if last := first.progress[len(first.progress)-1]; last != "3 of 3 "+verb.participle {
					t.Errorf("last progress: %q", last)
				}
				if got, want := bodies(p.destination, `^POST`), []string{`{"mirror_topic_names":["a","b","c"]}`}; !slices.Equal(got, want) {
					t.Errorf("requests: %q, want %q", got, want)
				}
				p.expectChanges(p.destination, "POST /links/demo-link/mirrors:"+verb.name)
				p.awaitStatus(p.destination, "demo-link", verb.after, "a", "b", "c")
				p.awaitStatus(p.destination, "demo-link", verb.before, "other")

				p.invoke(t.Context(), verb.name, onDestination(chosen)).expect(t, []string{
					fmt.Sprintf(`3 of 3 mirror topics of link "demo-link" are %s already`, verb.after),
				})
				p.expectChanges(p.destination)
			})
		}
	}
}

func (p *pair) outsideVerb(verb kafkarest.Verb, topics ...string) {
	p.t.Helper()
	verdicts, err := p.outside(p.destination).AlterMirrors(p.t.Context(), "demo-link", verb, kafkarest.Selection{Names: topics}, false)
	if err != nil || slices.ContainsFunc(verdicts, kafkarest.Verdict.Refused) {
		p.t.Fatal(verdicts, err)
	}
}

func TestActionTellsAllRefusalsInOneDiagnosticAndDoesTheRest(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "a", "b", "c", "d")
	p.stop("d")
	p.destination.RefuseVerdict("demo-link", "b", "pause", 40002, "b has to go on.")
	got := p.invoke(t.Context(), "pause", onDestination(attrs{"mirror_topic_names": set("a", "b", "c", "d", "nowhere")}))
	got.expect(t, []string{
		`2 of 5 mirror topics of link "demo-link" are being paused`,
		"2 of 2 paused",
	}, `error: Mirror topics not paused: 3 of 5 mirror topics of link "demo-link" could not be paused:`+
		": * b: b has to go on. (error_code 40002): * d: already stopped: (error_code 400): * nowhere: the link \"demo-link\" has no mirror topic of that name")
	p.awaitStatus(p.destination, "demo-link", "PAUSED", "a", "c")
	p.awaitStatus(p.destination, "demo-link", "ACTIVE", "b")
}

// A link goes on listing topics that were stopped long ago.
func TestActionByRegexpMeansWhatStillMirrors(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "orders-1", "orders-2", "payments")
	p.stop("orders-1")
	p.invoke(t.Context(), "pause", onDestination(attrs{"mirror_topic_name_regex": "orders"})).expect(t, []string{
		`1 of 1 mirror topics of link "demo-link" are being paused`, "1 of 1 paused",
	})
	p.awaitStatus(p.destination, "demo-link", "ACTIVE", "payments")
	p.invoke(t.Context(), "failover", onDestination(attrs{"mirror_topic_name_regex": "^invoices"})).expect(t, nil,
		`warning at mirror_topic_name_regex: No mirror topic matches: "demo-link": "^invoices": Nothing was done.`)
	p.expectChanges(p.destination, "POST /links/demo-link/mirrors:pause")
}

func TestActionThatOnlyValidatesChangesNothing(t *testing.T) {
	t.Parallel()
	for _, verb := range []struct{ name, participle string }{{"promote", "promoted"}, {"failover", "failed over"}, {"pause", "paused"}} {
		t.Run(verb.name, func(t *testing.T) {
			t.Parallel()
			p := newMirroring(t, "a", "b")
			p.destination.RefuseVerdict("demo-link", "b", verb.name, 40002, "b has to go on.")
			p.invoke(t.Context(), verb.name, onDestination(attrs{"mirror_topic_names": set("a", "b"), "validate_only": true})).expect(t, []string{
				fmt.Sprintf(`1 of 2 mirror topics of link "demo-link" would be %s`, verb.participle),
			}, "error: not "+verb.participle+": 1 of 2 mirror topics: * b: b has to go on.")
			if got, want := calls(p.destination, `^POST`), []string{"POST /links/demo-link/mirrors:" + verb.name + "?validate_only=true"}; !slices.Equal(got, want) {
				t.Errorf("calls: %q, want %q", got, want)
			}
			p.awaitStatus(p.destination, "demo-link", "ACTIVE", "a", "b")
		})
	}
}

func TestActionTellsItsProgressAsTopicsFinish(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "a", "b")
	p.outsideVerb(kafkarest.Pause, "b")
	p.awaitStatus(p.destination, "demo-link", "PAUSED", "b")
	p.writes(p.source, "b", "1", "2", "3")
	eventually(t, "b to be behind", func() bool {
		m, err := p.outside(p.destination).Mirror(t.Context(), "demo-link", "b", false)
		return err == nil && totalLag(m.Lags) == 3
	})
	p.destination.SetMirrorStatus("demo-link", "b", "PENDING_STOPPED")
	// The server is promoting b already, and is not asked to again.
	p.invoke(t.Context(), "promote", onDestination(attrs{"mirror_topic_names": set("a", "b")}), func(progress string) {
		if strings.HasPrefix(progress, "1 of 2 promoted") {
			p.destination.SetMirrorStatus("demo-link", "b", "STOPPED")
		}
	}).expect(t, []string{`2 of 2 mirror topics of link "demo-link" are being promoted`, "1 of 2 promoted, up to 3 records behind", "2 of 2 promoted"})
	if got, want := bodies(p.destination, `^POST`), []string{`{"mirror_topic_names":["a"]}`}; !slices.Equal(got, want) {
		t.Errorf("requests: %q, want %q", got, want)
	}
}

func TestActionEndsAtOnceWhereATopicCannotGetThere(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "a", "b")
	p.destination.SetMirrorStatus("demo-link", "b", "FAILED")
	p.invoke(t.Context(), "promote", onDestination(attrs{"mirror_topic_names": set("a", "b")})).expect(t,
		[]string{`2 of 2 mirror topics of link "demo-link" are being promoted`, "1 of 2 promoted"},
		`error: Mirror topics not promoted: 1 of 2 mirror topics: * b: mirror topic "b" has status FAILED`)
}

func TestActionEndsInTime(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "a", "b")
	p.destination.SetMirrorStatus("demo-link", "b", "PENDING_STOPPED")
	config := onDestination(attrs{"mirror_topic_names": set("a", "b"), "timeouts": attrs{"invoke": "1s"}})
	const text = `error: Mirror topics not promoted: 1 of 2 mirror topics: * b: not done yet; mirror topic "b" has status PENDING_STOPPED: `
	got := p.invoke(t.Context(), "promote", config)
	expectDiagnostics(t, got.diagnostics, text+"longer than timeouts.invoke allows: invoke the action again")

	t.Run("interrupted", func(t *testing.T) {
		got := p.invoke(t.Context(), "promote", onDestination(attrs{"mirror_topic_names": set("a", "b")}), func(progress string) {
			if !strings.Contains(progress, "STOPPED already") {
				return
			}
			if _, err := p.StopProvider(t.Context(), nil); err != nil { // as Ctrl-C does
				t.Error(err)
			}
		})
		expectDiagnostics(t, got.diagnostics, text+"context canceled")
	})
}

func TestActionWhoseAnswerIsLostLooksWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault emulator.Fault
		want  []string
	}{
		"carried out, and refused when tried again": {fault: emulator.Fault{Drop: emulator.DropAfter, Count: 1}},
		"carried out, and never answered":           {fault: emulator.Fault{Drop: emulator.DropAfter}},
		"never carried out":                         {fault: emulator.Fault{Drop: emulator.DropBefore}, want: []string{"error: Mirror topics not failed over: failover mirror topics of link"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newMirroring(t, "a", "b")
			p.restart(p.endpoints().with(attrs{"max_retries": 1}))
			c.fault.Path = "mirrors:failover"
			p.destination.Inject(c.fault)
			got := p.invoke(t.Context(), "failover", onDestination(attrs{"mirror_topic_names": set("a", "b")}))
			expectDiagnostics(t, got.diagnostics, c.want...)
			if len(c.want) == 0 {
				p.awaitStatus(p.destination, "demo-link", "STOPPED", "a", "b")
			}
		})
	}
}

func TestActionConfigurationIsJudgedBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	p := newMirroring(t, "a")
	some := attrs{"mirror_topic_names": set("a")}
	for name, c := range map[string]struct {
		action string
		config attrs
		want   string
	}{
		"nothing chosen":        {"promote", attrs{}, "error: mirror_topic_names: mirror_topic_name_regex"},
		"chosen twice":          {"promote", some.with(attrs{"mirror_topic_name_regex": "a"}), "error at mirror_topic_names: mirror_topic_names: mirror_topic_name_regex"},
		"no names":              {"pause", attrs{"mirror_topic_names": set()}, "error at mirror_topic_names: at least 1"},
		"no regular expression": {"failover", attrs{"mirror_topic_name_regex": "a("}, "error at mirror_topic_name_regex: Invalid regular expression: missing closing )"},
		"no name of a link":     {"resume", some.with(attrs{"link_name": "a/b"}), "error at link_name: "},
		"no such role":          {"reverse", some.with(attrs{"remote": "STOP"}), "error at remote: START: PAUSE"},
		"no role":               {"reverse", some, "error at remote: "},
		"truncation forbidden":  {"restore", some.with(attrs{"allow_truncation": false}), "error at allow_truncation: Truncation not allowed: allow_truncation = true"},
		"truncation forbidden, though only validated": {"restore", some.with(attrs{"allow_truncation": false, "validate_only": true}), "error at allow_truncation: Truncation not allowed"},
		"no duration":      {"promote", some.with(attrs{"timeouts": attrs{"invoke": "soon"}}), "error at timeouts.invoke: "},
		"no such endpoint": {"promote", some.with(attrs{"endpoint": "nowhere"}), `error at endpoint: Unable to use endpoint: "nowhere": it has: "destination", "source"`},
		"no endpoint":      {"promote", some.with(attrs{"endpoint": nil}), "error at endpoint: Unable to use endpoint: name one"},
		"no such link":     {"promote", some.with(attrs{"link_name": "nowhere"}), `error: Mirror topics not promoted: list mirror topics of link "nowhere"`},
	} {
		t.Run(name, func(t *testing.T) {
			p.invoke(t.Context(), c.action, onDestination(c.config)).expect(t, nil, c.want)
		})
	}
	p.expectChanges(p.destination)
}

func TestActionConfigurationMayBeUnknownWhilePlanning(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	server := w.ProviderServer.(tfprotov6.ActionServer)
	for name, s := range w.schema.ActionSchemas {
		config := attrs{"endpoint": unknown, "link_name": unknown, "mirror_topic_names": unknown, "validate_only": unknown}
		for _, a := range s.Schema.Block.Attributes {
			if a.Required {
				config[a.Name] = unknown
			}
		}
		raw := w.encode(value(s.Schema.ValueType(), config))
		validated, err := server.ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: raw})
		if err != nil {
			t.Fatal(err)
		}
		expectDiagnostics(t, validated.Diagnostics)
	}
}
