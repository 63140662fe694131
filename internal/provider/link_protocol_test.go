package provider

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/emulatortest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// life takes one object through its life, as Terraform's core does over the
// wire. Tests of what a plan shows or of how a state ends up use the CLI; this
// is for what the CLI cannot do, such as being interrupted at a given moment.
type life struct {
	*wire
	typeName string
	provider attrs
	state    tftypes.Value
	private  []byte
	identity *tfprotov6.ResourceIdentityData // which Terraform before 1.12 does not keep
}

// newLife configures a provider, which must go well.
func newLife(t *testing.T, typeName string, provider attrs) *life {
	t.Helper()
	l := &life{wire: newWire(t), typeName: typeName, provider: provider}
	l.state = tftypes.NewValue(l.schemaType(), nil)
	expectDiagnostics(t, l.configure(provider))
	return l
}

// restart is what lies between two runs of Terraform: a new process, which
// knows the state and nothing else.
func (l *life) restart(provider attrs) {
	l.t.Helper()
	l.wire, l.provider = newWire(l.t), provider
	expectDiagnostics(l.t, l.configure(provider))
}

func (l *life) schemaType() tftypes.Type {
	return l.schema.ResourceSchemas[l.typeName].ValueType()
}

func (l *life) validate(config attrs) []*tfprotov6.Diagnostic {
	l.t.Helper()
	resp, err := l.ValidateResourceConfig(l.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: l.typeName, Config: l.encode(value(l.schemaType(), config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return resp.Diagnostics
}

// proposal is what a provider has planned.
type proposal struct {
	config, state tftypes.Value
	private       []byte
	identity      *tfprotov6.ResourceIdentityData
	replace       []string // the attributes for which the object is replaced
	diagnostics   []*tfprotov6.Diagnostic
}

func (l *life) plan(config attrs) proposal {
	l.t.Helper()
	p := proposal{config: value(l.schemaType(), config)}
	resp, err := l.PlanResourceChange(l.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: l.typeName, Config: l.encode(p.config), PriorState: l.encode(l.state), PriorPrivate: l.private,
		ProposedNewState: l.encode(l.proposed(p.config)), PriorIdentity: l.identity,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	p.diagnostics = resp.Diagnostics
	if hasError(p.diagnostics) {
		return p
	}
	p.state, p.private, p.identity = l.decode(resp.PlannedState), resp.PlannedPrivate, resp.PlannedIdentity
	// As the core does, count only attributes that really change.
	for _, at := range resp.RequiresReplace {
		name := string(at.Steps()[0].(tftypes.AttributeName))
		if !attribute(l.state, name).Equal(attribute(p.state, name)) {
			p.replace = append(p.replace, name)
		}
	}
	return p
}

// proposed is the configuration, with prior values of computed attributes that it leaves out.
func (l *life) proposed(config tftypes.Value) tftypes.Value {
	merged := map[string]tftypes.Value{}
	for _, a := range l.schema.ResourceSchemas[l.typeName].Block.Attributes {
		v := attribute(config, a.Name)
		switch {
		case a.WriteOnly:
			v = tftypes.NewValue(v.Type(), nil)
		case a.Computed && v.IsNull() && l.state.IsNull():
			v = tftypes.NewValue(v.Type(), unknown)
		case a.Computed && v.IsNull():
			v = attribute(l.state, a.Name)
		}
		merged[a.Name] = v
	}
	return tftypes.NewValue(config.Type(), merged)
}

// carryOut applies what was planned, if that is a change, as the core does. The
// state is then what the provider says.
func (l *life) carryOut(ctx context.Context, p proposal) []*tfprotov6.Diagnostic {
	l.t.Helper()
	if p.state.Equal(l.state) {
		return nil
	}
	resp, err := l.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: l.typeName, Config: l.encode(p.config), PriorState: l.encode(l.state),
		PlannedState: l.encode(p.state), PlannedPrivate: p.private, PlannedIdentity: p.identity,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.state, l.private, l.identity = l.decode(resp.NewState), resp.Private, resp.NewIdentity
	return resp.Diagnostics
}

// apply plans, which must go well and replace nothing, and applies.
func (l *life) apply(config attrs) []*tfprotov6.Diagnostic {
	l.t.Helper()
	p := l.plan(config)
	if hasError(p.diagnostics) || len(p.replace) > 0 {
		expectDiagnostics(l.t, p.diagnostics)
		l.t.Fatalf("planned with a replacement because of %q", p.replace)
	}
	return l.carryOut(l.t.Context(), p)
}

func (l *life) destroy() []*tfprotov6.Diagnostic {
	l.t.Helper()
	none := tftypes.NewValue(l.schemaType(), nil)
	return l.carryOut(l.t.Context(), proposal{config: none, state: none, private: l.private})
}

// refresh begins a new run of Terraform.
func (l *life) refresh() []*tfprotov6.Diagnostic {
	l.t.Helper()
	l.restart(l.provider)
	resp, err := l.ReadResource(l.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: l.typeName, CurrentState: l.encode(l.state), Private: l.private, CurrentIdentity: l.identity,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.state, l.private, l.identity = l.decode(resp.NewState), resp.Private, resp.NewIdentity
	return resp.Diagnostics
}

func (l *life) importID(ctx context.Context, id string) []*tfprotov6.Diagnostic {
	l.t.Helper()
	resp, err := l.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: l.typeName, ID: id})
	if err != nil {
		l.t.Fatal(err)
	}
	for _, imported := range resp.ImportedResources {
		l.state, l.private, l.identity = l.decode(imported.State), imported.Private, imported.Identity
	}
	return resp.Diagnostics
}

func (l *life) decode(v *tfprotov6.DynamicValue) tftypes.Value {
	l.t.Helper()
	decoded, err := v.Unmarshal(l.schemaType())
	if err != nil {
		l.t.Fatal(err)
	}
	return decoded
}

// attribute is an attribute of an object, or null where there is none.
func attribute(object tftypes.Value, name string) tftypes.Value {
	attributes := map[string]tftypes.Value{}
	if object.IsNull() || object.As(&attributes) != nil {
		return tftypes.NewValue(object.Type().(tftypes.Object).AttributeTypes[name], nil)
	}
	return attributes[name]
}

// expectState wants attributes of the state to be these strings, maps, and nil for null.
func (l *life) expectState(want attrs) {
	l.t.Helper()
	if l.state.IsNull() {
		l.t.Error("there is no state")
		return
	}
	for name, v := range want {
		got := attribute(l.state, name)
		if !got.Equal(value(got.Type(), v)) {
			l.t.Errorf("%s is %s, want %v", name, got, v)
		}
	}
}

func (l *life) expectNoState() {
	l.t.Helper()
	if !l.state.IsNull() {
		l.t.Errorf("there is a state: %s", l.state)
	}
}

// expectUnchanged wants a plan of the configuration to change nothing.
func (l *life) expectUnchanged(config attrs) {
	l.t.Helper()
	p := l.plan(config)
	if hasError(p.diagnostics) {
		expectDiagnostics(l.t, p.diagnostics)
		return
	}
	differences, err := p.state.Diff(l.state)
	if err != nil || len(differences) > 0 {
		l.t.Errorf("planned: %v (%v)", differences, err)
	}
}

// pair is a source and a destination without TLS and users, for what does not
// depend on them, and a provider's life with a link on the destination.
type pair struct {
	*life
	source, destination *emulator.Cluster
}

func newPair(t *testing.T) *pair {
	t.Helper()
	return newPairOf(t, emulator.ConfluentCloud)
}

func newPairOf(t *testing.T, dialect emulator.Dialect) *pair {
	t.Helper()
	p := &pair{}
	network := emulator.NewNetwork()
	for id, c := range map[string]**emulator.Cluster{"lkc-source": &p.source, "lkc-destination": &p.destination} {
		*c = emulatortest.Start(t, emulator.Config{ClusterID: id, Dialect: dialect, Network: network})
	}
	p.life = newLife(t, linkType, p.endpoints())
	return p
}

func (p *pair) endpoints() attrs {
	return attrs{"endpoints": attrs{
		"source":      attrs{"rest_endpoint": p.source.RESTEndpoint(), "cluster_id": "lkc-source"},
		"destination": attrs{"rest_endpoint": p.destination.RESTEndpoint(), "cluster_id": "lkc-destination"},
	}}
}

// link is the configuration of a link from source to destination; more goes
// into config, others are attributes beside it.
func (p *pair) link(more, others attrs) attrs {
	config := attrs{"bootstrap.servers": p.source.BootstrapServers()}.with(more)
	return attrs{"endpoint": "destination", "link_name": "demo-link", "config": config}.with(others)
}

// create makes the link, without a word.
func (p *pair) create(config attrs) {
	p.t.Helper()
	expectDiagnostics(p.t, p.apply(config))
	p.destination.ResetRequests()
}

// outside is a client for what happens outside of Terraform; see world.admin.
func (p *pair) outside(c *emulator.Cluster) *kafkarest.Client {
	p.t.Helper()
	client, err := kafkarest.New(kafkarest.Config{Endpoint: c.RESTEndpoint(), ClusterID: c.ID(), UserAgent: adminAgent})
	if err != nil {
		p.t.Fatal(err)
	}
	return client
}

// set changes a setting of the link outside of Terraform, or resets it.
func (p *pair) set(name string, value ...string) {
	p.t.Helper()
	change := kafkarest.Change{Setting: kafkarest.Setting{Name: name}, Reset: len(value) == 0}
	if !change.Reset {
		change.Value = value[0]
	}
	if err := p.outside(p.destination).AlterLinkSettings(p.t.Context(), "demo-link", []kafkarest.Change{change}, false); err != nil {
		p.t.Fatal(err)
	}
}
