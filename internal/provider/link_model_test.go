package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

func TestRemoteClusterIDIsFoundInWhicheverField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		link kafkarest.Link
		want string
	}{
		"in its own":                       {kafkarest.Link{RemoteClusterID: "far", SourceClusterID: "old"}, "far"},
		"of a destination":                 {kafkarest.Link{SourceClusterID: "far", DestinationClusterID: "here"}, "far"},
		"of a source":                      {kafkarest.Link{SourceClusterID: "here", DestinationClusterID: "far"}, "far"},
		"of a source that does not say so": {kafkarest.Link{DestinationClusterID: "far"}, "far"},
		"nowhere":                          {kafkarest.Link{SourceClusterID: "here"}, ""},
	} {
		if got := remoteClusterID(&c.link, "here"); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestObservingALink(t *testing.T) {
	t.Parallel()
	text, null, later := types.StringValue, types.StringNull(), types.StringUnknown()
	value := func(s string) *string { return &s }
	told := []kafkarest.ReportedSetting{{Name: "link.mode", Value: value(modeSource)}, {Name: "connection.mode", Value: value(connectionOutbound)}}
	for name, c := range map[string]struct {
		before   linkModel
		link     kafkarest.Link
		settings []kafkarest.ReportedSetting
		want     linkModel // modes and remote
	}{
		"told":                       {linkModel{LinkMode: later, ConnectionMode: later, RemoteClusterID: later}, kafkarest.Link{DestinationClusterID: "far"}, told, linkModel{LinkMode: text(modeSource), ConnectionMode: text(connectionOutbound), RemoteClusterID: text("far")}},
		"told otherwise":             {linkModel{LinkMode: text(modeDestination), ConnectionMode: text(connectionInbound), RemoteClusterID: text("near")}, kafkarest.Link{DestinationClusterID: "far"}, told, linkModel{LinkMode: text(modeSource), ConnectionMode: text(connectionOutbound), RemoteClusterID: text("far")}},
		"not told, never known":      {linkModel{LinkMode: later, ConnectionMode: null, RemoteClusterID: later}, kafkarest.Link{}, nil, linkModel{LinkMode: text(modeDestination), ConnectionMode: text(connectionOutbound), RemoteClusterID: null}},
		"not told, written":          {linkModel{LinkMode: text(modeBidirectional), ConnectionMode: text(connectionInbound), RemoteClusterID: text("far")}, kafkarest.Link{}, nil, linkModel{LinkMode: text(modeBidirectional), ConnectionMode: text(connectionInbound), RemoteClusterID: text("far")}},
		"null is not told":           {linkModel{LinkMode: text(modeSource), ConnectionMode: later, RemoteClusterID: text("far")}, kafkarest.Link{SourceClusterID: "here"}, []kafkarest.ReportedSetting{{Name: "link.mode"}, {Name: "connection.mode", Value: value("")}}, linkModel{LinkMode: text(modeSource), ConnectionMode: text(connectionOutbound), RemoteClusterID: text("far")}},
		"written, but not the same":  {linkModel{LinkMode: text(modeDestination), ConnectionMode: text(connectionOutbound), RemoteClusterID: text("near")}, kafkarest.Link{RemoteClusterID: "far"}, nil, linkModel{LinkMode: text(modeDestination), ConnectionMode: text(connectionOutbound), RemoteClusterID: text("far")}},
		"a field that names us only": {linkModel{LinkMode: text(modeDestination), ConnectionMode: text(connectionOutbound), RemoteClusterID: null}, kafkarest.Link{DestinationClusterID: "here"}, nil, linkModel{LinkMode: text(modeDestination), ConnectionMode: text(connectionOutbound), RemoteClusterID: null}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := c.before
			m.ClusterID, m.Config, m.SensitiveConfig = text("here"), noSettings, noSettings
			m.observe(&c.link, c.settings)
			if m.LinkMode != c.want.LinkMode || m.ConnectionMode != c.want.ConnectionMode || m.RemoteClusterID != c.want.RemoteClusterID {
				t.Errorf("got %s, %s, %s", m.LinkMode, m.ConnectionMode, m.RemoteClusterID)
			}
		})
	}
}

func TestPlannedValuesStandAfterCreateAndUpdate(t *testing.T) {
	t.Parallel()
	text, null, later := types.StringValue, types.StringNull(), types.StringUnknown()
	plan := linkModel{
		LinkMode: text(modeDestination), ConnectionMode: later, RemoteClusterID: later, ClusterLinkID: text("id-1"),
		LinkState: later, LinkError: later, LinkErrorMessage: null,
		Config: settingsOf("a=1"), SensitiveConfig: noSettings, SensitiveConfigWO: settingsOf("b=2"),
	}
	observed := linkModel{
		LinkMode: text(modeSource), ConnectionMode: text(connectionOutbound), RemoteClusterID: later, ClusterLinkID: text("id-2"),
		LinkState: text("ACTIVE"), LinkError: null, LinkErrorMessage: text("oh"),
		Config: settingsOf("a=2"), SensitiveConfig: settingsOf("c=3"), SensitiveConfigWO: settingsOf("b=2"),
	}
	observed.keepConfigured(plan)
	for name, c := range map[string]struct{ got, want types.String }{
		"a planned value stands":             {observed.LinkMode, text(modeDestination)},
		"so does that of an id":              {observed.ClusterLinkID, text("id-1")},
		"what was left open, the server has": {observed.ConnectionMode, text(connectionOutbound)},
		"as a state":                         {observed.LinkState, text("ACTIVE")},
		"or no error":                        {observed.LinkError, null},
		"what nobody knows is null":          {observed.RemoteClusterID, null},
		"null is a planned value too":        {observed.LinkErrorMessage, null},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %s, want %s", name, c.got, c.want)
		}
	}
	if !observed.Config.Equal(settingsOf("a=1")) || !observed.SensitiveConfig.IsNull() || !observed.SensitiveConfigWO.IsNull() {
		t.Errorf("maps are %s, %s, %s", observed.Config, observed.SensitiveConfig, observed.SensitiveConfigWO)
	}
}
