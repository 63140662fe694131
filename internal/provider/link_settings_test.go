package provider

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

const (
	groupFilter         = `{"groupFilters":[{"name":"a","patternType":"LITERAL","filterType":"INCLUDE"}]}`
	groupFilterLaidOut  = `{ "groupFilters" : [ {"filterType": "INCLUDE", "patternType": "LITERAL", "name": "a"} ] }`
	otherGroupFilter    = `{"groupFilters":[{"name":"b","patternType":"LITERAL","filterType":"INCLUDE"}]}`
	groupFilters        = "consumer.offset.group.filters"
	offsetSyncEnable    = "consumer.offset.sync.enable"
	jaasLine, otherJAAS = `X required password="1";`, `X required password="2";`
)

// settingsOf makes a map of settings from "name=value", "name" for a value that
// is not known yet. Without any it is empty, not null.
func settingsOf(pairs ...string) types.Map {
	elements := map[string]attr.Value{}
	for _, pair := range pairs {
		name, v, known := strings.Cut(pair, "=")
		elements[name] = types.StringUnknown()
		if known {
			elements[name] = types.StringValue(v)
		}
	}
	return types.MapValueMust(types.StringType, elements)
}

var noSettings = types.MapNull(types.StringType)

// maps3 are the three maps of a link, and the version of the last.
type maps3 struct {
	config, sensitive, writeOnly types.Map
	version                      types.Int64
}

func (m maps3) model() linkModel {
	or := func(m types.Map) types.Map {
		if m.IsNull() {
			return noSettings
		}
		return m
	}
	return linkModel{Config: or(m.config), SensitiveConfig: or(m.sensitive), SensitiveConfigWO: or(m.writeOnly), SensitiveConfigWOVersion: m.version}
}

func TestSettingChanges(t *testing.T) {
	t.Parallel()
	one, two := types.Int64Value(1), types.Int64Value(2)
	for name, c := range map[string]struct {
		state, plan maps3
		former      writeOnlyNames
		want        []string // as describeChange writes them
	}{
		"nothing": {},
		"a creation sets all, sorted": {
			plan: maps3{config: settingsOf("b=1", "a=2"), sensitive: settingsOf("c=3"), writeOnly: settingsOf("aa=4"), version: one},
			want: []string{"a=2", "aa=4 (sensitive)", "b=1", "c=3 (sensitive)"},
		},
		"no change": {
			state:  maps3{config: settingsOf("a=1"), sensitive: settingsOf("b=2"), version: one},
			plan:   maps3{config: settingsOf("a=1"), sensitive: settingsOf("b=2"), writeOnly: settingsOf("c=3"), version: one},
			former: writeOnlyNames{"c"},
		},
		"one changed, one new": {
			state: maps3{config: settingsOf("a=1", "b=1")},
			plan:  maps3{config: settingsOf("a=1", "b=2", "c=3")},
			want:  []string{"b=2", "c=3"},
		},
		"to an empty value": {
			state: maps3{config: settingsOf("a=1")},
			plan:  maps3{config: settingsOf("a=")},
			want:  []string{"a="},
		},
		"removed": {
			state: maps3{config: settingsOf("a=1", "b=1"), sensitive: settingsOf("c=1")},
			plan:  maps3{config: settingsOf("a=1")},
			want:  []string{"reset b", "reset c"},
		},
		"from config to sensitive_config": {
			state: maps3{config: settingsOf("a=1")},
			plan:  maps3{sensitive: settingsOf("a=1")},
			want:  []string{"a=1 (sensitive)"},
		},
		"from config to the write-only map, same version": {
			state: maps3{config: settingsOf("a=1"), version: one},
			plan:  maps3{writeOnly: settingsOf("a=1", "b=2"), version: one}, former: writeOnlyNames{"b"},
			want: []string{"a=1 (sensitive)"},
		},
		"from the write-only map to config, same version": {
			state: maps3{version: one}, former: writeOnlyNames{"a", "b"},
			plan: maps3{config: settingsOf("a=1"), writeOnly: settingsOf("b=2"), version: one},
			want: []string{"a=1"},
		},
		"from the write-only map to sensitive_config": {
			former: writeOnlyNames{"a"},
			plan:   maps3{sensitive: settingsOf("a=1")},
			want:   []string{"a=1 (sensitive)"},
		},
		"two maps swap their settings": {
			state: maps3{config: settingsOf("a=1"), sensitive: settingsOf("b=2")},
			plan:  maps3{config: settingsOf("b=2"), sensitive: settingsOf("a=1")},
			want:  []string{"a=1 (sensitive)", "b=2"},
		},
		"a new version sends all of the write-only map, and nothing else": {
			state:  maps3{config: settingsOf("a=1"), version: one},
			plan:   maps3{config: settingsOf("a=1"), writeOnly: settingsOf("b=2", "c=3"), version: two},
			former: writeOnlyNames{"b", "c"},
			want:   []string{"b=2 (sensitive)", "c=3 (sensitive)"},
		},
		"a first version": {
			plan: maps3{writeOnly: settingsOf("b=2"), version: one}, former: writeOnlyNames{"b"},
			want: []string{"b=2 (sensitive)"},
		},
		"a write-only setting removed, same version": {
			state:  maps3{version: one},
			plan:   maps3{writeOnly: settingsOf("b=2"), version: one},
			former: writeOnlyNames{"b", "c"},
			want:   []string{"reset c"},
		},
		"the write-only map removed": {
			state: maps3{version: one}, former: writeOnlyNames{"b", "c"},
			want: []string{"reset b", "reset c"},
		},
		"a write-only setting added, same version": {
			state:  maps3{version: one},
			plan:   maps3{writeOnly: settingsOf("b=2", "c=3"), version: one},
			former: writeOnlyNames{"b"},
			want:   []string{"c=3 (sensitive)"},
		},
		"a sync switched on brings its filters along": {
			state:  maps3{config: settingsOf(offsetSyncEnable+"=false", groupFilters+"="+groupFilter), version: one},
			plan:   maps3{config: settingsOf(offsetSyncEnable+"=True", groupFilters+"="+groupFilter), writeOnly: settingsOf("acl.filters=x"), version: one},
			former: writeOnlyNames{"acl.filters"},
			want:   []string{groupFilters + "=" + groupFilter, offsetSyncEnable + "=True"},
		},
		"from whichever map": {
			state:  maps3{sensitive: settingsOf("acl.sync.enable=false"), version: one},
			plan:   maps3{sensitive: settingsOf("acl.sync.enable=true"), writeOnly: settingsOf("acl.filters=x"), version: one},
			former: writeOnlyNames{"acl.filters"},
			want:   []string{"acl.filters=x (sensitive)", "acl.sync.enable=true (sensitive)"},
		},
		"a sync switched off leaves them": {
			state: maps3{config: settingsOf(offsetSyncEnable+"=true", groupFilters+"="+groupFilter)},
			plan:  maps3{config: settingsOf(offsetSyncEnable+"=false", groupFilters+"="+groupFilter)},
			want:  []string{offsetSyncEnable + "=false"},
		},
		"after an import, nobody knows what was sent": {
			state: maps3{config: settingsOf("a=1")},
			plan:  maps3{config: settingsOf("a=2"), writeOnly: settingsOf("b=2")},
			want:  []string{"a=2", "b=2 (sensitive)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := c.plan.model()
			var got []string
			for _, change := range settingChanges(c.state.model(), plan, c.former, plan.SensitiveConfigWO) {
				got = append(got, describeChange(change))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("changes %q, want %q", got, c.want)
			}
		})
	}
}

func describeChange(c kafkarest.Change) string {
	text := c.Name + "=" + c.Value
	if c.Reset {
		text = "reset " + c.Name
	}
	if c.Sensitive {
		text += " (sensitive)"
	}
	return text
}

func TestNewLinkSaysWhatIsWritten(t *testing.T) {
	t.Parallel()
	text := types.StringValue
	for name, c := range map[string]struct {
		mode, connection, remote types.String
		want                     string
	}{
		"nothing written":  {types.StringUnknown(), types.StringUnknown(), types.StringUnknown(), `{"configs":[{"name":"a","value":"1"}]}`},
		"a remote cluster": {types.StringUnknown(), types.StringUnknown(), text("lkc-1"), `{"source_cluster_id":"lkc-1","configs":[{"name":"a","value":"1"}]}`},
		"DESTINATION": {
			text(modeDestination), text(connectionInbound), text("lkc-1"),
			`{"source_cluster_id":"lkc-1","configs":[{"name":"link.mode","value":"DESTINATION"},{"name":"connection.mode","value":"INBOUND"},{"name":"a","value":"1"}]}`,
		},
		"SOURCE": {
			text(modeSource), types.StringUnknown(), text("lkc-1"),
			`{"destination_cluster_id":"lkc-1","configs":[{"name":"link.mode","value":"SOURCE"},{"name":"a","value":"1"}]}`,
		},
		"BIDIRECTIONAL": {
			text(modeBidirectional), types.StringUnknown(), text("lkc-1"),
			`{"remote_cluster_id":"lkc-1","configs":[{"name":"link.mode","value":"BIDIRECTIONAL"},{"name":"a","value":"1"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := maps3{config: settingsOf("a=1")}.model()
			m.LinkMode, m.ConnectionMode, m.RemoteClusterID = c.mode, c.connection, c.remote
			got, err := json.Marshal(m.newLink(noSettings))
			if err != nil || string(got) != c.want {
				t.Errorf("body %s (%v), want %s", got, err, c.want)
			}
		})
	}
}

// reported makes the server's settings from "name=value", "name" for null.
func reported(pairs ...string) map[string]kafkarest.ReportedSetting {
	settings := map[string]kafkarest.ReportedSetting{}
	for _, pair := range pairs {
		name, v, set := strings.Cut(pair, "=")
		s := kafkarest.ReportedSetting{Name: name}
		if set {
			s.Value = &v
		}
		settings[name] = s
	}
	return settings
}

func TestRefreshSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prior    types.Map
		reported map[string]kafkarest.ReportedSetting
		want     types.Map
	}{
		"null stays null":                    {noSettings, reported("a=1"), noSettings},
		"empty stays empty":                  {settingsOf(), reported("a=1"), settingsOf()},
		"what is managed, and no other":      {settingsOf("a=1"), reported("a=2", "b=3"), settingsOf("a=2")},
		"null keeps the value":               {settingsOf("sasl.jaas.config=x"), reported("sasl.jaas.config"), settingsOf("sasl.jaas.config=x")},
		"what is not told keeps the value":   {settingsOf("a=1"), reported(), settingsOf("a=1")},
		"emptied":                            {settingsOf("bootstrap.servers=a:1"), reported("bootstrap.servers="), settingsOf("bootstrap.servers=")},
		"another boolean":                    {settingsOf("acl.sync.enable=true"), reported("acl.sync.enable=false"), settingsOf("acl.sync.enable=false")},
		"the same boolean in capitals":       {settingsOf("acl.sync.enable=TRUE"), reported("acl.sync.enable=true"), settingsOf("acl.sync.enable=TRUE")},
		"the same list with blanks":          {settingsOf("ssl.cipher.suites=a, b"), reported("ssl.cipher.suites=a,b"), settingsOf("ssl.cipher.suites=a, b")},
		"the same filter laid out otherwise": {settingsOf(groupFilters + "=" + groupFilter), reported(groupFilters + "=" + groupFilterLaidOut), settingsOf(groupFilters + "=" + groupFilter)},
		"another filter":                     {settingsOf(groupFilters + "=" + groupFilter), reported(groupFilters + "=" + otherGroupFilter), settingsOf(groupFilters + "=" + otherGroupFilter)},
		"one text, one meaning differ": {
			settingsOf(groupFilters+"="+groupFilter, "acl.sync.ms=1000"), reported(groupFilters+"="+groupFilterLaidOut, "acl.sync.ms=2000"),
			settingsOf(groupFilters+"="+groupFilter, "acl.sync.ms=2000"),
		},
		"filters that the server cleared with their sync": {
			settingsOf(groupFilters+"="+groupFilter, offsetSyncEnable+"=false"), reported(groupFilters+"=", offsetSyncEnable+"=false"),
			settingsOf(groupFilters+"="+groupFilter, offsetSyncEnable+"=false"),
		},
		"filters that somebody cleared": {
			settingsOf(groupFilters+"="+groupFilter, offsetSyncEnable+"=true"), reported(groupFilters+"=", offsetSyncEnable+"=true"),
			settingsOf(groupFilters+"=", offsetSyncEnable+"=true"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refreshSettings(c.prior, c.reported); !got.Equal(c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestSettingsToImport(t *testing.T) {
	t.Parallel()
	all := reported(
		"bootstrap.servers=a:1", "acl.sync.enable=TRUE", "cluster.link.prefix=p-", "com.example.new=x", // set
		"acl.sync.ms=5000", "security.protocol=PLAINTEXT", "acl.filters=", "consumer.offset.sync.enable=False", // defaults that an old server does not call so
		"link.mode=SOURCE", "connection.mode=OUTBOUND", // attributes of their own
		"sasl.jaas.config=leaked", "com.example.password=leaked", "ssl.cipher.suites", // secrets, null
	)
	flag := func(name string, set func(*kafkarest.ReportedSetting)) {
		s := reported(name + "=x")[name]
		set(&s)
		all[name] = s
	}
	flag("com.example.default", func(s *kafkarest.ReportedSetting) { s.IsDefault = true })
	flag("com.example.read.only", func(s *kafkarest.ReportedSetting) { s.IsReadOnly = true })
	flag("com.example.sensitive", func(s *kafkarest.ReportedSetting) { s.IsSensitive = true })

	want := settingsOf("bootstrap.servers=a:1", "acl.sync.enable=TRUE", "cluster.link.prefix=p-", "com.example.new=x")
	if got := settingsToImport(all); !got.Equal(want) {
		t.Errorf("imported %s, want %s", got, want)
	}
	if got := settingsToImport(reported("acl.sync.ms=5000", "sasl.jaas.config")); !got.IsNull() {
		t.Errorf("imported %s, want null", got)
	}
}

func TestSameByMeaning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prior, configured types.Map
		same              bool
	}{
		"equal":                          {settingsOf("a=1"), settingsOf("a=1"), true},
		"another value":                  {settingsOf("a=1"), settingsOf("a=2"), false},
		"another name":                   {settingsOf("a=1"), settingsOf("b=1"), false},
		"one more":                       {settingsOf("a=1"), settingsOf("a=1", "b=1"), false},
		"one less":                       {settingsOf("a=1", "b=1"), settingsOf("a=1"), false},
		"a filter laid out otherwise":    {settingsOf(groupFilters + "=" + groupFilter), settingsOf(groupFilters + "=" + groupFilterLaidOut), true},
		"another filter":                 {settingsOf(groupFilters + "=" + groupFilter), settingsOf(groupFilters + "=" + otherGroupFilter), false},
		"one of text, one of meaning":    {settingsOf(groupFilters+"="+groupFilter, "a=1"), settingsOf(groupFilters+"="+groupFilterLaidOut, "a=2"), false},
		"a number with a blank is other": {settingsOf("a= 1"), settingsOf("a=1"), false},
		"a value not known yet":          {settingsOf("a=1"), settingsOf("a"), false},
		"was null":                       {noSettings, settingsOf("a=1"), false},
		"becomes null":                   {settingsOf("a=1"), noSettings, false},
		"becomes empty":                  {settingsOf("a=1"), settingsOf(), false},
		"not known yet":                  {settingsOf("a=1"), types.MapUnknown(types.StringType), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := planmodifier.MapResponse{PlanValue: c.configured}
			sameByMeaning{}.PlanModifyMap(t.Context(), planmodifier.MapRequest{StateValue: c.prior, PlanValue: c.configured}, &resp)
			want := c.configured
			if c.same {
				want = c.prior
			}
			if !resp.PlanValue.Equal(want) {
				t.Errorf("planned %s, want %s", resp.PlanValue, want)
			}
		})
	}
}

func TestNamesOfWriteOnlySettingsAreKeptWithoutValues(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]types.Map{"null": noSettings, "empty": settingsOf(), "some": settingsOf("b="+jaasLine, "a="+otherJAAS)} {
		private := privateState{}
		if diags := namesIn(m).save(t.Context(), private); diags.HasError() {
			t.Fatal(diags)
		}
		for data := range maps.Values(private) {
			if strings.Contains(string(data), "password") || !json.Valid(data) {
				t.Errorf("%s: private state is %s", name, data)
			}
		}
		names, diags := loadWriteOnlyNames(t.Context(), private)
		if diags.HasError() || names == nil || !slices.Equal(names, namesIn(m)) {
			t.Errorf("%s: loaded %q (%v), want %q and not nil", name, names, diags, namesIn(m))
		}
	}
	if names, diags := loadWriteOnlyNames(t.Context(), privateState{}); names != nil || diags.HasError() {
		t.Errorf("loaded %q (%v) where nothing was ever kept", names, diags)
	}
	if _, diags := loadWriteOnlyNames(t.Context(), privateState{writeOnlyNamesKey: []byte(`{"a`)}); !diags.HasError() {
		t.Error("damaged private state goes unnoticed")
	}
}
