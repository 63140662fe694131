package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

// half is one link object of the pair, with a setting of its own and those to
// reach clusters: "" before the remote one's and "local." before its own.
func half(label, endpoint, linkName, modes string, reached map[string]string) string {
	var config, secrets string
	for prefix, cluster := range reached {
		if prefix == "" || cluster == "SOURCE" {
			config += fmt.Sprintf("%q = \"%s_BOOTSTRAP\"\n", prefix+"bootstrap.servers", cluster)
		}
		config += fmt.Sprintf("%q = \"SASL_SSL\"\n%q = \"PLAIN\"\n%q = \"PEM\"\n", prefix+"security.protocol", prefix+"sasl.mechanism", prefix+"ssl.truststore.type")
		secrets += fmt.Sprintf("%q = JAAS\n%q = %s_CA\n", prefix+"sasl.jaas.config", prefix+"ssl.truststore.certificates", cluster)
	}
	if secrets != "" {
		secrets = "sensitive_config_wo_version = 1\nsensitive_config_wo = {\n" + secrets + "}"
	}
	remote := map[string]string{"source": "lkc-destination", "destination": "lkc-source"}[endpoint]
	return fmt.Sprintf(`
resource "clusterlink_link" %q {
  endpoint          = %q
  link_name         = %s
  remote_cluster_id = %q
  %s
  config = {
    "acl.sync.ms" = "6000"
    %s
  }
  %s
}
`, label, endpoint, linkName, remote, modes, config, secrets)
}

// mirrored is a mirror topic of the pair that is gone before any of its halves.
func mirrored(topic, endpoint, links string) string {
	return fmt.Sprintf(`
resource "clusterlink_mirror_topic" %q {
  endpoint          = %q
  link_name         = "pair"
  source_topic_name = %q
  depends_on        = [%s]
}
`, topic, endpoint, topic, links)
}

// linked is what a mode takes: its resources, their import ids, and the
// endpoints of its links in the order of their creation.
type linked struct {
	dialect   emulator.Dialect
	resources string
	ids       map[string]string
	links     []string
}

func bothWays(resources string) linked {
	const both = "clusterlink_link.first, clusterlink_link.second"
	return linked{
		resources: resources + mirrored("orders", "destination", both) + mirrored("refunds", "source", both),
		ids: map[string]string{
			"clusterlink_mirror_topic.orders": "destination/pair/orders", "clusterlink_mirror_topic.refunds": "source/pair/refunds",
		},
	}
}

func sourceInitiatedOn(dialect emulator.Dialect) linked {
	return linked{
		dialect: dialect,
		resources: half("first", "destination", `"pair"`, `connection_mode = "INBOUND"`, nil) +
			half("second", "source", "clusterlink_link.first.link_name", `link_mode = "SOURCE"`, map[string]string{"": "DESTINATION", "local.": "SOURCE"}) +
			mirrored("orders", "destination", "clusterlink_link.first, clusterlink_link.second"),
		ids:   map[string]string{"clusterlink_mirror_topic.orders": "destination/pair/orders"},
		links: []string{"destination", "source"},
	}
}

func linkedModes() map[string]linked {
	const waits, dials = "link_mode = \"BIDIRECTIONAL\"\nconnection_mode = \"INBOUND\"", "link_mode = \"BIDIRECTIONAL\"\nconnection_mode = \"OUTBOUND\""
	bothDial := bothWays(half("first", "source", `"pair"`, dials, map[string]string{"": "DESTINATION"}) +
		half("second", "destination", "clusterlink_link.first.link_name", dials, map[string]string{"": "SOURCE"}))
	bothDial.links = []string{"source", "destination"}
	oneDials := bothWays(half("first", "destination", `"pair"`, waits, nil) +
		half("second", "source", "clusterlink_link.first.link_name", dials, map[string]string{"": "DESTINATION", "local.": "SOURCE"}))
	oneDials.links = []string{"destination", "source"}
	return map[string]linked{
		"destination-initiated": {
			resources: half("first", "destination", `"pair"`, "", map[string]string{"": "SOURCE"}) + mirrored("orders", "destination", "clusterlink_link.first"),
			ids:       map[string]string{"clusterlink_mirror_topic.orders": "destination/pair/orders"},
			links:     []string{"destination"},
		},
		"source-initiated":                 sourceInitiatedOn(emulator.ConfluentCloud),
		"source-initiated on Platform 7.1": sourceInitiatedOn(emulator.ConfluentPlatform71),
		"bidirectional, both dial":         bothDial,
		"bidirectional, one dials":         oneDials,
	}
}

// imports are import blocks for all that a mode has made.
func (m linked) imports() string {
	ids := maps.Clone(m.ids)
	for i, label := range []string{"first", "second"}[:len(m.links)] {
		ids["clusterlink_link."+label] = m.links[i] + "/pair"
	}
	var blocks string
	for to, id := range ids {
		blocks += fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", to, id)
	}
	return blocks
}

// inOrder fails the test unless all was created in order, changed in one call a
// link, and destroyed in order: mirror topics are promoted while all links stand.
func (m linked) inOrder(w *world) {
	w.t.Helper()
	var created, changed, destroyed []step
	for _, endpoint := range m.links {
		on := map[string]*emulator.Cluster{"source": w.source, "destination": w.destination}[endpoint]
		created = append(created, step{on, `^POST /links\?link_name=pair&validate_link=true$`})
		changed = append(changed, step{on, `^PUT /links/pair/configs:alter$`})
		destroyed = append(destroyed, step{on, `^DELETE /links/pair$`})
	}
	slices.Reverse(destroyed)
	w.inOrder(slices.Concat(created, []step{{w.destination, `^POST /links/pair/mirrors:promote$`}}, destroyed)...)
	for _, change := range changed {
		if got := bodies(change.on, change.call); !slices.Equal(got, []string{`{"data":[{"name":"acl.sync.ms","operation":"SET","value":"7000"}]}`}) {
			w.t.Errorf("%s was changed by %q", change.on.ID(), got)
		}
	}
}

func TestEveryModeFromCreationToDestruction(t *testing.T) {
	t.Parallel()
	for name, m := range linkedModes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, m.dialect)
			_, bothWays := m.ids["clusterlink_mirror_topic.refunds"]
			w.topic("orders", "1")
			if err := w.destination.CreateTopic("refunds", 1); err != nil {
				t.Fatal(err)
			}
			orders, refunds := []string{"1"}, []string(nil)
			flows := func(value string) {
				t.Helper()
				w.produce(w.source, "orders", value)
				orders = append(orders, value)
				w.expectRecords(w.destination, "orders", orders...)
				if bothWays {
					w.produce(w.destination, "refunds", value)
					refunds = append(refunds, value)
					w.expectRecords(w.source, "refunds", refunds...)
				}
			}
			count, config := len(m.links)+len(m.ids), w.config(m.resources)
			c := newCLI(t, config)
			c.applies(count)
			flows("2")

			changed := strings.ReplaceAll(config, `"6000"`, `"7000"`)
			c.write(changed)
			says(t, c.succeeds("apply", "-auto-approve"), fmt.Sprintf("0 added, %d changed, 0 destroyed.", len(m.links)))
			says(t, c.succeeds("plan"), "No changes.")
			flows("3")

			adopted := newCLI(t, strings.ReplaceAll(changed, "sensitive_config_wo_version = 1", "")+m.imports())
			says(t, adopted.succeeds("apply", "-auto-approve"), fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed.", count))
			says(t, adopted.succeeds("plan"), "No changes.")
			flows("4")
			says(t, adopted.succeeds("destroy", "-auto-approve"), fmt.Sprintf("%d destroyed", count))
			m.inOrder(w)
			w.produce(w.destination, "orders", "written here")
			if bothWays {
				w.produce(w.source, "refunds", "written here")
			}
		})
	}
}

// sample is one of two values that a setting can have.
func sample(s linkconfig.Setting, second bool) string {
	pick := func(a, b string) string {
		if second {
			return b
		}
		return a
	}
	switch {
	case s.Name == "topic.config.sync.include":
		return "cleanup.policy,max.message.bytes,message.timestamp.type,message.timestamp.difference.max.ms," + pick("retention.ms", "retention.bytes")
	case s.Name == "acl.filters":
		return `{"aclFilters":[{"resourceFilter":{"resourceType":"` + pick("TOPIC", "GROUP") + `","patternType":"ANY"},"accessFilter":{"operation":"ANY","permissionType":"ANY"}}]}`
	case s.Name == groupFilters:
		return pick(groupFilter, otherGroupFilter)
	case s.Type == linkconfig.JSON:
		return strings.Replace(pick(groupFilter, otherGroupFilter), "groupFilters", "topicFilters", 1)
	case s.Name == "mirror.start.offset.spec":
		return pick("earliest", "latest")
	case strings.HasSuffix(s.Name, bootstrapSetting):
		return pick("127.0.0.1:1", "127.0.0.1:2")
	case s.Type == linkconfig.Boolean:
		return pick("true", "false")
	case s.Type == linkconfig.Number:
		return pick("12345", "23456")
	case s.Values != nil:
		return pick(s.Values[0], s.Values[1])
	default:
		return pick("a", "b")
	}
}

// samples are values for all settings that a user of a link may change, as its
// server lists them.
func (p *pair) samples(c *emulator.Cluster, leftOut []string, second bool) (config, secrets attrs) {
	p.t.Helper()
	listed, err := p.outside(c).LinkSettings(p.t.Context(), "demo-link")
	if err != nil {
		p.t.Fatal(err)
	}
	config, secrets = attrs{}, attrs{}
	for _, reported := range listed {
		s, known := linkconfig.Lookup(reported.Name)
		switch {
		case !known:
			p.t.Errorf("the setting %q is unknown", reported.Name)
		case reported.IsReadOnly || s.Immutable || slices.Contains(leftOut, s.Name):
		case s.Secret:
			secrets[s.Name] = sample(s, second)
		default:
			config[s.Name] = sample(s, second)
		}
	}
	return config, secrets
}

// Every setting that a server lets users change, changes in place, all of them in one call.
func TestEverySettingChangesInPlaceInEveryMode(t *testing.T) {
	t.Parallel()
	const groupPrefix = "consumer.group.prefix.enable"
	for name, c := range map[string]struct {
		dialect           emulator.Dialect
		endpoint          string
		modes             attrs
		leftOut, beforeIn []string
		least             int
	}{
		"destination, dials":             {endpoint: "destination", leftOut: []string{groupPrefix}, least: 40},
		"destination of Platform, dials": {dialect: emulator.ConfluentPlatform71, endpoint: "destination", leftOut: []string{groupPrefix}, least: 60},
		"destination of Platform, waits": {dialect: emulator.ConfluentPlatform71, endpoint: "destination", modes: attrs{"connection_mode": "INBOUND"}, leftOut: []string{bootstrapSetting, groupPrefix}, least: 60},
		"source":                         {endpoint: "source", modes: attrs{"link_mode": "SOURCE"}, leftOut: []string{groupPrefix}, least: 40},
		"source of Platform":             {dialect: emulator.ConfluentPlatform71, endpoint: "source", modes: attrs{"link_mode": "SOURCE"}, leftOut: []string{groupPrefix}, least: 60},
		"bidirectional, dials":           {endpoint: "source", modes: attrs{"link_mode": "BIDIRECTIONAL"}, leftOut: []string{groupPrefix}, least: 40},
		"bidirectional, waits":           {endpoint: "source", modes: attrs{"link_mode": "BIDIRECTIONAL", "connection_mode": "INBOUND"}, leftOut: []string{bootstrapSetting, groupPrefix}, least: 40},
		"destination that has a prefix":  {endpoint: "destination", beforeIn: []string{"cluster.link.prefix"}, least: 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPairOf(t, c.dialect)
			cluster := map[string]*emulator.Cluster{"source": p.source, "destination": p.destination}[c.endpoint]
			base := attrs{}
			if !slices.Contains(c.leftOut, bootstrapSetting) {
				base[bootstrapSetting] = "127.0.0.1:3"
			}
			for _, name := range c.beforeIn {
				base[name] = "x-"
			}
			link := attrs{"endpoint": c.endpoint, "link_name": "demo-link", "validate_link": false}.with(c.modes)
			p.create(link.with(attrs{"config": base}))
			for round, second := range []bool{false, true} {
				config, secrets := p.samples(cluster, c.leftOut, second)
				p.changesInOneCall(cluster, link.with(attrs{"config": base.with(config), "sensitive_config": secrets}), "SET", len(config)+len(secrets))
				if n := len(config) + len(secrets); n < c.least {
					t.Errorf("round %d: %d settings, expected %d", round, n, c.least)
				}
			}
			config, secrets := p.samples(cluster, c.leftOut, true)
			reset := len(config) + len(secrets)
			if _, stays := base[bootstrapSetting]; stays {
				reset--
			}
			p.changesInOneCall(cluster, link.with(attrs{"config": base}), "DELETE", reset)
		})
	}
}

// changesInOneCall applies a configuration, which must do so many operations in
// one call and leave nothing to do.
func (p *pair) changesInOneCall(c *emulator.Cluster, config attrs, operation string, count int) {
	p.t.Helper()
	c.ResetRequests()
	expectDiagnostics(p.t, p.apply(config))
	if made := changes(c); !slices.Equal(made, []string{alter}) {
		p.t.Errorf("changed by %q", made)
	}
	if sent := strings.Join(bodies(c, alter+"$"), ""); strings.Count(sent, `"operation":"`+operation+`"`) != count {
		p.t.Errorf("want %d × %s, sent %s", count, operation, sent)
	}
	expectDiagnostics(p.t, p.refresh())
	p.expectUnchanged(config)
}
