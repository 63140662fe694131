package provider

import (
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

// syncs are the settings that switch a sync on, with the filters that say what
// it applies to.
var syncs = map[string]string{
	"acl.sync.enable": "acl.filters", offsetSyncEnable: groupFilters, "auto.create.mirror.topics.enable": "auto.create.mirror.topics.filters",
}

// filterOf is a value for the filters of a sync.
func filterOf(enable string) string {
	setting, _ := linkconfig.Lookup(syncs[enable])
	return sample(setting, false)
}

// has is what the server has now for a setting of the link.
func (p *pair) has(setting string) string {
	p.t.Helper()
	reported, err := p.outside(p.destination).LinkSetting(p.t.Context(), "demo-link", setting)
	if err != nil {
		p.t.Fatal(err)
	}
	if reported.Value == nil {
		return ""
	}
	return *reported.Value
}

// Switching a sync off clears its filters on the server. Wherever the filters
// stand, nothing is planned afterwards, and switching it on again brings them along.
func TestSyncThatIsSwitchedOffAndOnAgain(t *testing.T) {
	t.Parallel()
	in := func(place string) func(p *pair, settings, filters attrs) attrs {
		return func(p *pair, settings, filters attrs) attrs {
			if place == "config" {
				return p.link(settings.with(filters), nil)
			}
			return p.link(settings, attrs{place: filters})
		}
	}
	for enable, filters := range syncs {
		for place, config := range map[string]func(p *pair, settings, filters attrs) attrs{
			"config": in("config"), "sensitive_config": in("sensitive_config"), "sensitive_config_wo": in("sensitive_config_wo"),
		} {
			t.Run(enable+" with filters in "+place, func(t *testing.T) {
				t.Parallel()
				p := newPair(t)
				filter := attrs{filters: filterOf(enable)}
				on, off, out := config(p, attrs{enable: "true"}, filter), config(p, attrs{enable: "false"}, filter), config(p, nil, filter)
				p.create(on)
				settles := func(config attrs, filter string) {
					t.Helper()
					p.destination.ResetRequests()
					expectDiagnostics(t, p.apply(config))
					if made := changes(p.destination); !slices.Equal(made, []string{alter}) {
						t.Errorf("changed by %q", made)
					}
					if got := p.has(filters); !linkconfig.Equal(filters, got, filter) {
						t.Errorf("the server has the filters %q, want %q", got, filter)
					}
					expectDiagnostics(t, p.refresh())
					p.expectUnchanged(config)
				}
				settles(off, "")
				settles(on, filterOf(enable))
				settles(out, "")
				settles(on, filterOf(enable))

				p.set(enable, "false") // outside of Terraform
				expectDiagnostics(t, p.refresh())
				settles(on, filterOf(enable))
				settles(p.link(attrs{enable: "false"}, nil), "")
			})
		}
	}
}

func TestSettingsOfTopicsThatAreSynced(t *testing.T) {
	t.Parallel()
	const include, required = "topic.config.sync.include", "cleanup.policy,max.message.bytes,message.timestamp.type,message.timestamp.difference.max.ms"
	p := newPair(t)
	with := func(list string) attrs { return p.link(attrs{include: list}, nil) }
	applies := func(config attrs, want string) {
		t.Helper()
		p.destination.ResetRequests()
		expectDiagnostics(t, p.apply(config))
		if made := changes(p.destination); !slices.Equal(made, []string{alter}) {
			t.Errorf("changed by %q", made)
		}
		if got := p.has(include); got != want {
			t.Errorf("the server has %q, want %q", got, want)
		}
		expectDiagnostics(t, p.refresh())
		p.expectUnchanged(config)
	}
	p.create(with(required))
	applies(with(required+",retention.ms"), required+",retention.ms")
	p.expectUnchanged(with(strings.ReplaceAll(required, ",", ", ") + " , retention.ms"))
	expectDiagnostics(t, p.plan(with("retention.ms")).diagnostics, `error at config["`+include+`"]: must include message.timestamp.type`)
	applies(p.link(nil, nil), "")
}

// A server that calls every setting dynamic lists all that there is: what is no
// default is imported, and then plans to no change.
func TestImportFromAServerThatCallsEverySettingDynamic(t *testing.T) {
	t.Parallel()
	for name, modes := range map[string]attrs{
		"destination": {}, "destination that waits": {"connection_mode": "INBOUND"}, "source": {"link_mode": "SOURCE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPairOf(t, emulator.ConfluentPlatform71)
			link := attrs{"endpoint": "destination", "link_name": "demo-link", "validate_link": false}.with(modes)
			config := attrs{}
			if modes["connection_mode"] == nil {
				config[bootstrapSetting] = "127.0.0.1:1"
			}
			p.create(link.with(attrs{"config": config}))
			samples, secrets := p.samples(p.destination, []string{bootstrapSetting, "consumer.group.prefix.enable"}, false)
			config = config.with(samples)
			expectDiagnostics(t, p.apply(link.with(attrs{"config": config, "sensitive_config": secrets})))

			imported := newLife(t, linkType, p.endpoints())
			expectDiagnostics(t, imported.importID(t.Context(), "destination/demo-link"))
			for name, v := range config {
				if linkconfig.IsDefault(name, v.(string)) {
					delete(config, name)
				}
			}
			imported.expectState(attrs{"config": config, "sensitive_config": nil, "sensitive_config_wo": nil})
			expectDiagnostics(t, imported.refresh())
			p.destination.ResetRequests()
			expectDiagnostics(t, imported.apply(link.with(attrs{"config": config, "validate_link": nil})))
			expectDiagnostics(t, imported.apply(link.with(attrs{"config": config, "sensitive_config_wo": secrets, "validate_link": nil})))
			if made := changes(p.destination); len(made) > 0 {
				t.Errorf("changed by %q", made)
			}
			if len(config) < 50 {
				t.Errorf("only %d settings were imported", len(config))
			}
		})
	}
}
