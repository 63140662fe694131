package provider

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

const (
	prefixSetting         = "cluster.link.prefix"
	bootstrapSetting      = "bootstrap.servers"
	jaasSetting           = "sasl.jaas.config"
	linkModeSetting       = "link.mode"
	connectionModeSetting = "connection.mode"
)

// written returns the elements of a map of settings that are known or will be:
// a setting that is null counts as left out.
func written(m types.Map) map[string]attr.Value {
	elements := m.Elements()
	maps.DeleteFunc(elements, func(_ string, v attr.Value) bool { return v.IsNull() })
	return elements
}

// values returns the known elements of a map of settings.
func values(m types.Map) map[string]string {
	known := map[string]string{}
	for name, v := range written(m) {
		if s, ok := v.(types.String); ok && !s.IsUnknown() {
			known[name] = s.ValueString()
		}
	}
	return known
}

// setting is the known value of a setting, in whichever map it stands.
func (m *linkModel) setting(name string) string {
	for _, in := range m.settingMaps() {
		if value, has := values(in.settings)[name]; has {
			return value
		}
	}
	return ""
}

// newLink is the link that a plan describes, with all settings of its maps.
func (m *linkModel) newLink(writeOnly types.Map) kafkarest.NewLink {
	link := kafkarest.NewLink{Name: m.LinkName.ValueString(), Validate: m.ValidateLink.ValueBool()}
	switch m.LinkMode.ValueString() {
	case modeSource:
		link.DestinationClusterID = m.RemoteClusterID.ValueString()
	case modeBidirectional:
		link.RemoteClusterID = m.RemoteClusterID.ValueString()
	default:
		link.SourceClusterID = m.RemoteClusterID.ValueString()
	}
	add := func(name string, value types.String) {
		if known(value) {
			link.Configs = append(link.Configs, kafkarest.Setting{Name: name, Value: value.ValueString()})
		}
	}
	add(linkModeSetting, m.LinkMode)
	add(connectionModeSetting, m.ConnectionMode)
	for _, change := range settingChanges(linkModel{}, *m, nil, writeOnly) {
		link.Configs = append(link.Configs, change.Setting)
	}
	return link
}

// settingChanges is what an update has to tell the server, sorted by name: each
// setting that is new, has another value or stands in another map is set, and
// each that has left all three maps is reset. The write-only map, of whose
// former content only the names are known, is sent where its version has changed.
func settingChanges(state, plan linkModel, formerNames writeOnlyNames, writeOnly types.Map) []kafkarest.Change {
	former := map[string]bool{}
	for _, m := range []types.Map{state.Config, state.SensitiveConfig} {
		for name := range values(m) {
			former[name] = true
		}
	}
	for _, name := range formerNames {
		former[name] = true
	}
	planned := map[string]bool{}
	var changes []kafkarest.Change
	set := func(in types.Map, sensitive bool, changed func(name, value string) bool) {
		for name, value := range values(in) {
			planned[name] = true
			if changed(name, value) {
				changes = append(changes, kafkarest.Change{Setting: kafkarest.Setting{Name: name, Value: value, Sensitive: sensitive}})
			}
		}
	}
	differsFrom := func(m types.Map) func(name, value string) bool {
		before := values(m)
		return func(name, value string) bool {
			old, ok := before[name]
			return !ok || old != value
		}
	}
	set(plan.Config, false, differsFrom(state.Config))
	set(plan.SensitiveConfig, true, differsFrom(state.SensitiveConfig))
	resend := !plan.SensitiveConfigWOVersion.Equal(state.SensitiveConfigWOVersion)
	set(writeOnly, true, func(name, _ string) bool { return resend || !slices.Contains(formerNames, name) })
	// A server clears the filters of a sync that is switched off: switching it
	// on again brings them along.
	cleared := func(name, _ string) bool { return isSwitchedOn(changes, name) }
	set(plan.Config, false, cleared)
	set(plan.SensitiveConfig, true, cleared)
	set(writeOnly, true, cleared)

	for name := range former {
		if !planned[name] {
			changes = append(changes, kafkarest.Change{Setting: kafkarest.Setting{Name: name}, Reset: true})
		}
	}
	slices.SortFunc(changes, func(a, b kafkarest.Change) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// isSwitchedOn reports whether changes switch on the sync that a filter belongs
// to, and do not set the filter itself.
func isSwitchedOn(changes []kafkarest.Change, filter string) bool {
	setting, _ := linkconfig.Lookup(filter)
	on := false
	for _, c := range changes {
		if c.Name == filter {
			return false
		}
		on = on || c.Name == setting.EnabledBy && linkconfig.Equal(c.Name, c.Value, "true")
	}
	return on
}

// changesToSend is settingChanges without a prefix that the link has already,
// such as one that is sent again with the other write-only settings, or moved
// to another map: a server refuses to be told what it never changes.
func (e *endpoint) changesToSend(ctx context.Context, state, plan linkModel, formerNames writeOnlyNames, writeOnly types.Map) []kafkarest.Change {
	changes := settingChanges(state, plan, formerNames, writeOnly)
	i := slices.IndexFunc(changes, func(c kafkarest.Change) bool { return c.Name == prefixSetting })
	if i < 0 {
		return changes
	}
	prefix, err := e.currentPrefix(ctx, plan.LinkName.ValueString())
	if err == nil && prefix == changes[i].Value {
		return slices.Delete(changes, i, i+1)
	}
	return changes
}

// currentPrefix asks for the prefix of a link, which is empty where there is none.
func (e *endpoint) currentPrefix(ctx context.Context, link string) (string, error) {
	setting, err := e.client.LinkSetting(ctx, link, prefixSetting)
	if err != nil || setting.Value == nil {
		return "", err
	}
	return *setting.Value, nil
}

// refreshSettings returns a map of settings with the server's values. What the
// server does not tell, as it does for secrets, keeps its value; so does what
// differs in text alone, and the filters of a sync that is switched off, which
// a server clears.
func refreshSettings(prior types.Map, reported map[string]kafkarest.ReportedSetting) types.Map {
	if prior.IsNull() || prior.IsUnknown() {
		return prior
	}
	elements := maps.Clone(prior.Elements())
	for name, value := range values(prior) {
		r, ok := reported[name]
		if !ok || r.Value == nil || linkconfig.Equal(name, value, *r.Value) || clearedByServer(name, *r.Value, reported) {
			continue
		}
		elements[name] = types.StringValue(*r.Value)
	}
	return types.MapValueMust(types.StringType, elements)
}

func clearedByServer(name, value string, reported map[string]kafkarest.ReportedSetting) bool {
	setting, _ := linkconfig.Lookup(name)
	if value != "" || setting.EnabledBy == "" {
		return false
	}
	enable := reported[setting.EnabledBy].Value
	return enable == nil || !linkconfig.Equal(setting.EnabledBy, *enable, "true")
}

// settingsToImport is what an import writes into config: what is set on the
// link and a configuration can say.
func settingsToImport(reported map[string]kafkarest.ReportedSetting) types.Map {
	elements := map[string]attr.Value{}
	for name, s := range reported {
		if s.Value == nil || s.IsDefault || s.IsReadOnly || s.IsSensitive ||
			linkconfig.IsSecret(name) || linkconfig.IsMode(name) || linkconfig.IsDefault(name, *s.Value) {
			continue
		}
		elements[name] = types.StringValue(*s.Value)
	}
	if len(elements) == 0 {
		return types.MapNull(types.StringType)
	}
	return types.MapValueMust(types.StringType, elements)
}

// sameByMeaning keeps the prior map where the configured one differs from it in
// text alone, such as the layout of a JSON filter.
type sameByMeaning struct{}

func (sameByMeaning) Description(context.Context) string {
	return "Differences of text alone are no change."
}
func (m sameByMeaning) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (sameByMeaning) PlanModifyMap(_ context.Context, req planmodifier.MapRequest, resp *planmodifier.MapResponse) {
	if !known(req.PlanValue) || !known(req.StateValue) {
		return
	}
	planned, prior := req.PlanValue.Elements(), req.StateValue.Elements()
	same := maps.EqualFunc(planned, prior, func(_, _ attr.Value) bool { return true })
	for name, value := range planned {
		a, okA := value.(types.String)
		b, okB := prior[name].(types.String)
		same = same && okA && okB && (a.Equal(b) || known(a) && known(b) && linkconfig.Equal(name, a.ValueString(), b.ValueString()))
	}
	if same {
		resp.PlanValue = req.StateValue
	}
}

// writeOnlyNames are the names, never the values, of the settings that were
// last sent from sensitive_config_wo. They are kept in private state, so that
// one that is removed can be reset.
type writeOnlyNames []string

const writeOnlyNamesKey = "sensitive_config_wo_names"

func namesIn(m types.Map) writeOnlyNames {
	return slices.Sorted(maps.Keys(written(m)))
}

// loadWriteOnlyNames returns nil where none were ever kept, as after an import.
func loadWriteOnlyNames(ctx context.Context, private interface {
	GetKey(context.Context, string) ([]byte, diag.Diagnostics)
}) (writeOnlyNames, diag.Diagnostics) {
	data, diags := private.GetKey(ctx, writeOnlyNamesKey)
	if len(data) == 0 {
		return nil, diags
	}
	names := writeOnlyNames{}
	if err := json.Unmarshal(data, &names); err != nil {
		diags.AddError("Damaged private state", "The names of the settings that were last sent from sensitive_config_wo cannot be read: "+err.Error())
	}
	return names, diags
}

func (n writeOnlyNames) save(ctx context.Context, private interface {
	SetKey(context.Context, string, []byte) diag.Diagnostics
}) diag.Diagnostics {
	data, err := json.Marshal(append(writeOnlyNames{}, n...))
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to keep names of settings", err.Error())}
	}
	return private.SetKey(ctx, writeOnlyNamesKey, data)
}
