package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

// ValidateConfig finds what is wrong with a configuration without asking a
// server. Unknown values are never judged.
func (r *linkResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m linkModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	diags := &resp.Diagnostics
	m.checkPlaces(diags)
	m.checkValues(diags)
	m.checkModes(diags)
	m.checkAddresses(diags)
	m.checkPrefix(diags)
	if known(m.SensitiveConfigWO) && m.SensitiveConfigWOVersion.IsNull() {
		diags.AddAttributeWarning(path.Root("sensitive_config_wo_version"), "Changes of secrets will not be noticed",
			"Terraform cannot see that a value in sensitive_config_wo has changed. Set sensitive_config_wo_version, and change it whenever a value is to be sent again.")
	}
}

// settingMap is one of the three maps, with its place in the configuration.
type settingMap struct {
	at       string
	settings types.Map
}

func (m *linkModel) settingMaps() []settingMap {
	return []settingMap{
		{"config", m.Config}, {"sensitive_config", m.SensitiveConfig}, {"sensitive_config_wo", m.SensitiveConfigWO},
	}
}

// checkPlaces sees to it that each setting stands where it belongs, and once.
func (m *linkModel) checkPlaces(diags *diag.Diagnostics) {
	seen := map[string]string{}
	for _, in := range m.settingMaps() {
		for _, name := range slices.Sorted(maps.Keys(written(in.settings))) {
			at := path.Root(in.at).AtMapKey(name)
			switch {
			case linkconfig.IsMode(name):
				diags.AddAttributeError(at, "Setting has an attribute of its own", fmt.Sprintf("Write %s = … as an attribute of the resource instead of the setting %q.", strings.ReplaceAll(name, ".", "_"), name))
			case in.at == "config" && linkconfig.IsSecret(name):
				diags.AddAttributeError(at, "Secret in config", fmt.Sprintf("The setting %q is a secret, and would be stored and shown in clear text. Move it to sensitive_config_wo, or to sensitive_config if it has to be in the state.", name))
			case seen[name] != "":
				diags.AddAttributeError(at, "Setting given twice", fmt.Sprintf("The setting %q stands in %s too. Keep one of them.", name, seen[name]))
			}
			seen[name] = in.at
			if _, found := linkconfig.Lookup(name); !found {
				warnUnknownSetting(diags, at, name)
			}
		}
	}
}

func warnUnknownSetting(diags *diag.Diagnostics, at path.Path, name string) {
	detail := fmt.Sprintf("No setting %q of a cluster link is known. It is sent as it is.", name)
	if nearest, ok := linkconfig.Nearest(name); ok {
		detail += fmt.Sprintf(" Did you mean %q?", nearest)
	}
	diags.AddAttributeWarning(at, "Unknown setting", detail)
}

// checkValues judges each value by the type of its setting. No value is
// repeated: it may stand in a hidden map.
func (m *linkModel) checkValues(diags *diag.Diagnostics) {
	for _, in := range m.settingMaps() {
		settings := values(in.settings)
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			err := linkconfig.Check(name, settings[name])
			if err == nil {
				continue
			}
			diags.AddAttributeError(path.Root(in.at).AtMapKey(name), "Invalid setting", fmt.Sprintf("%s %s", name, sentence(err.Error())))
		}
	}
	m.warnOfSyncsWithoutFilters(diags)
}

func (m *linkModel) warnOfSyncsWithoutFilters(diags *diag.Diagnostics) {
	all := map[string]string{}
	for _, in := range m.settingMaps() {
		if in.settings.IsUnknown() {
			return
		}
		for name, value := range in.settings.Elements() {
			if value.IsUnknown() {
				all[name] = "not known yet, but there"
			}
		}
		maps.Copy(all, values(in.settings))
	}
	for _, enable := range linkconfig.SyncsWithoutFilters(all) {
		diags.AddAttributeWarning(m.placeOf(enable), "Sync without filters",
			fmt.Sprintf("%q is on, but the filters that say what it applies to are missing, so nothing will be done.", enable))
	}
}

// checkModes judges the modes and what they need.
func (m *linkModel) checkModes(diags *diag.Diagnostics) {
	if m.LinkMode.ValueString() == modeSource && m.ConnectionMode.ValueString() == connectionInbound {
		diags.AddAttributeError(path.Root("connection_mode"), "Modes do not go together",
			"A link with link_mode SOURCE dials the destination: its connection_mode is OUTBOUND. The half on the destination is the INBOUND one.")
	}
	if m.ConnectionMode.IsUnknown() || m.ConnectionMode.ValueString() == connectionInbound {
		return
	}
	for _, in := range m.settingMaps() {
		if _, has := written(in.settings)[bootstrapSetting]; has || in.settings.IsUnknown() {
			return
		}
	}
	diags.AddAttributeError(path.Root("config"), "Missing "+bootstrapSetting,
		"An OUTBOUND link dials the remote cluster: set "+bootstrapSetting+" to its addresses, as host:port. A link that is to be dialled has connection_mode = \"INBOUND\".")
}

// hasUnknownValue reports whether a setting is there, or may be, with a value
// that is not known yet.
func (m *linkModel) hasUnknownValue(name string) bool {
	for _, in := range m.settingMaps() {
		if v, has := in.settings.Elements()[name]; in.settings.IsUnknown() || has && v.IsUnknown() {
			return true
		}
	}
	return false
}

// placeOf finds the map that a setting stands in.
func (m *linkModel) placeOf(name string) path.Path {
	for _, in := range m.settingMaps() {
		if _, has := written(in.settings)[name]; has {
			return path.Root(in.at).AtMapKey(name)
		}
	}
	return path.Root("config")
}
