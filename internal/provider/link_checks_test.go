package provider

import (
	"strings"
	"testing"
)

// plainLink is the least that a link needs.
var plainLink = attrs{"link_name": "demo-link", "config": attrs{"bootstrap.servers": "broker.example.com:9092"}}

// settings is plainLink's config and more.
func settings(more attrs) attrs {
	return attrs{"bootstrap.servers": "broker.example.com:9092"}.with(more)
}

func TestLinkIsCheckedOffline(t *testing.T) {
	t.Parallel()
	const (
		jaas     = `org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";`
		topics   = `{"topicFilters":[{"name":"*","patternType":"LITERAL","filterType":"INCLUDE"}]}`
		versions = "warning at sensitive_config_wo_version: Changes of secrets will not be noticed"
	)
	for name, c := range map[string]struct {
		config attrs // besides plainLink
		want   []string
	}{
		"the least": {},
		"everything": {config: attrs{
			"endpoint": "a", "link_mode": "BIDIRECTIONAL", "connection_mode": "OUTBOUND", "remote_cluster_id": "lkc-1",
			"config":           settings(attrs{"auto.create.mirror.topics.enable": "true", "auto.create.mirror.topics.filters": topics}),
			"sensitive_config": attrs{"ssl.keystore.key": "k"}, "sensitive_config_wo": attrs{"sasl.jaas.config": jaas}, "sensitive_config_wo_version": 1,
			"validate_link": false, "force_destroy": true, "timeouts": attrs{"create": "5m"},
		}},

		"link_name empty":         {config: attrs{"link_name": ""}, want: []string{"error at link_name: "}},
		"link_name of 249":        {config: attrs{"link_name": strings.Repeat("a", 249)}},
		"link_name too long":      {config: attrs{"link_name": strings.Repeat("a", 250)}, want: []string{"error at link_name: "}},
		"link_name with a slash":  {config: attrs{"link_name": "a/b"}, want: []string{"error at link_name: "}},
		"link_name of a folder":   {config: attrs{"link_name": ".."}, want: []string{"error at link_name: "}},
		"unknown link_mode":       {config: attrs{"link_mode": "destination"}, want: []string{"error at link_mode: "}},
		"unknown connection_mode": {config: attrs{"connection_mode": "BOTH"}, want: []string{"error at connection_mode: "}},
		"timeout of no unit":      {config: attrs{"timeouts": attrs{"create": "5"}}, want: []string{"error at timeouts.create: "}},

		"address of a REST endpoint": {
			config: attrs{"config": attrs{"bootstrap.servers": "https://pkc-00000.example.com:443"}},
			want:   []string{`error at config["bootstrap.servers"]: This is the address of a REST endpoint`},
		},
		"address with a protocol": {
			config: attrs{"config": attrs{"bootstrap.servers": "SASL_SSL://pkc-00000.example.com:9092"}},
			want:   []string{`error at config["bootstrap.servers"]: said by security.protocol`},
		},
		"second address with the port of REST": {
			config: attrs{"config": attrs{"bootstrap.servers": "a.example.com:9092, b.example.com:8090"}},
			want:   []string{`warning at config["bootstrap.servers"]: Port 8090 is usually that of the REST API`},
		},
		"longest prefix":           {config: attrs{"config": settings(attrs{"cluster.link.prefix": strings.Repeat("p", 248)})}},
		"prefix without room":      {config: attrs{"config": settings(attrs{"cluster.link.prefix": strings.Repeat("p", 249)})}, want: []string{`error at config["cluster.link.prefix"]: It has 249 characters`}},
		"prefix no topic can have": {config: attrs{"config": settings(attrs{"cluster.link.prefix": "a/"})}, want: []string{`error at config["cluster.link.prefix"]: may hold only`}},
		"prefix of consumer groups": {
			config: attrs{"config": settings(attrs{"cluster.link.prefix": "p-", "consumer.group.prefix.enable": "true"})},
		},
		"prefix of consumer groups without a prefix": {
			config: attrs{"config": settings(attrs{"consumer.group.prefix.enable": "true"})},
			want:   []string{`warning at config["consumer.group.prefix.enable"]: which is missing`},
		},
		"prefix of consumer groups on a bidirectional link": {
			config: attrs{"link_mode": "BIDIRECTIONAL", "config": settings(attrs{"cluster.link.prefix": "p-", "consumer.group.prefix.enable": "TRUE"})},
			want:   []string{`error at config["consumer.group.prefix.enable"]: refused on bidirectional links`},
		},

		"secret in config": {
			config: attrs{"config": settings(attrs{"sasl.jaas.config": jaas})},
			want:   []string{`error at config["sasl.jaas.config"]: Move it to sensitive_config_wo`},
		},
		"secret of an unknown name in config": {
			config: attrs{"config": settings(attrs{"sasl.oauthbearer.client.secret": "s"})},
			want:   []string{`error at config["sasl.oauthbearer.client.secret"]: Secret`, `warning at config["sasl.oauthbearer.client.secret"]: Unknown setting`},
		},
		"setting in config and sensitive_config": {
			config: attrs{"sensitive_config": attrs{"bootstrap.servers": "other.example.com:9092"}},
			want:   []string{`error at sensitive_config["bootstrap.servers"]: stands in config too`},
		},
		"setting in both sensitive maps": {
			config: attrs{"sensitive_config": attrs{"sasl.jaas.config": jaas}, "sensitive_config_wo": attrs{"sasl.jaas.config": jaas}, "sensitive_config_wo_version": 1},
			want:   []string{`error at sensitive_config_wo["sasl.jaas.config"]: stands in sensitive_config too`},
		},
		"setting in all three maps": {
			config: attrs{
				"sensitive_config": attrs{"bootstrap.servers": "a:1"}, "sensitive_config_wo": attrs{"bootstrap.servers": "a:1"}, "sensitive_config_wo_version": 1,
			},
			want: []string{`error at sensitive_config["bootstrap.servers"]: `, `error at sensitive_config_wo["bootstrap.servers"]: `},
		},
		"a null is not there": {config: attrs{
			"config":           settings(attrs{"sasl.jaas.config": nil, "security.protocol": nil}),
			"sensitive_config": attrs{"security.protocol": "SSL"},
		}},
		"link.mode in config": {
			config: attrs{"config": settings(attrs{"link.mode": "SOURCE"})},
			want:   []string{`error at config["link.mode"]: link_mode`},
		},
		"connection.mode in a hidden map": {
			config: attrs{"sensitive_config": attrs{"connection.mode": "INBOUND"}},
			want:   []string{`error at sensitive_config["connection.mode"]: connection_mode`},
		},

		"SOURCE with INBOUND": {
			config: attrs{"link_mode": "SOURCE", "connection_mode": "INBOUND"},
			want:   []string{"error at connection_mode: OUTBOUND"},
		},
		"INBOUND without an address":            {config: attrs{"connection_mode": "INBOUND", "config": nil}},
		"OUTBOUND by default, without settings": {config: attrs{"config": nil}, want: []string{"error at config: bootstrap.servers"}},
		"OUTBOUND without an address": {
			config: attrs{"connection_mode": "OUTBOUND", "config": attrs{"acl.sync.ms": "5000"}},
			want:   []string{"error at config: bootstrap.servers"},
		},
		"SOURCE without an address":           {config: attrs{"link_mode": "SOURCE", "config": nil}, want: []string{"error at config: bootstrap.servers"}},
		"address that is null":                {config: attrs{"config": attrs{"bootstrap.servers": nil}}, want: []string{"error at config: bootstrap.servers"}},
		"address in sensitive_config":         {config: attrs{"config": nil, "sensitive_config": attrs{"bootstrap.servers": "a:1"}}},
		"address in sensitive_config_wo":      {config: attrs{"config": nil, "sensitive_config_wo": attrs{"bootstrap.servers": "a:1"}, "sensitive_config_wo_version": 1}},
		"address is not known yet":            {config: attrs{"config": attrs{"bootstrap.servers": unknown}}},
		"a map is not known yet":              {config: attrs{"config": unknown}},
		"a hidden map is not known yet":       {config: attrs{"config": nil, "sensitive_config": unknown}},
		"connection_mode is not known yet":    {config: attrs{"config": nil, "connection_mode": unknown}},
		"modes are not known yet":             {config: attrs{"link_mode": unknown, "connection_mode": "INBOUND"}},
		"values are not known yet":            {config: attrs{"config": settings(attrs{"acl.sync.enable": unknown, "acl.sync.ms": unknown, "acl.filters": unknown})}},
		"names are not known yet":             {config: attrs{"link_name": unknown, "endpoint": unknown, "remote_cluster_id": unknown}},
		"a secret in config is not known yet": {config: attrs{"config": settings(attrs{"sasl.jaas.config": unknown})}, want: []string{`error at config["sasl.jaas.config"]: Secret`}},

		"malformed filter": {
			config: attrs{"config": settings(attrs{"acl.filters": `{"aclFilters":[`})},
			want:   []string{`error at config["acl.filters"]: JSON`},
		},
		"filter of another kind": {
			config: attrs{"config": settings(attrs{"consumer.offset.group.filters": topics})},
			want:   []string{`error at config["consumer.offset.group.filters"]: groupFilters`},
		},
		"malformed filter in a hidden map": {
			config: attrs{"sensitive_config_wo": attrs{"acl.filters": `{`}, "sensitive_config_wo_version": 1},
			want:   []string{`error at sensitive_config_wo["acl.filters"]: JSON`},
		},
		"boolean that is none": {
			config: attrs{"config": settings(attrs{"acl.sync.enable": "yes"})},
			want:   []string{`error at config["acl.sync.enable"]: must be true or false`},
		},
		"number that is none": {
			config: attrs{"config": settings(attrs{"acl.sync.ms": "5s"})},
			want:   []string{`error at config["acl.sync.ms"]: must be a whole number`},
		},
		"number too small": {
			config: attrs{"config": settings(attrs{"acl.sync.ms": "999"})},
			want:   []string{`error at config["acl.sync.ms"]: at least 1000`},
		},

		"setting nobody knows": {
			config: attrs{"config": settings(attrs{"aclsync.enable": "true"})},
			want:   []string{`warning at config["aclsync.enable"]: Did you mean "acl.sync.enable"?`},
		},
		"setting like no other": {
			config: attrs{"config": settings(attrs{"com.example.wholly.different": "true"})},
			want:   []string{`warning at config["com.example.wholly.different"]: sent as it is`},
		},
		"sync without filters": {
			config: attrs{"config": settings(attrs{"consumer.offset.sync.enable": "true"})},
			want:   []string{`warning at config["consumer.offset.sync.enable"]: filters`},
		},
		"sync with filters in another map": {
			config: attrs{"config": settings(attrs{"auto.create.mirror.topics.enable": "true"}), "sensitive_config": attrs{"auto.create.mirror.topics.filters": topics}},
		},
		"sync with filters that are not known yet": {
			config: attrs{"config": settings(attrs{"acl.sync.enable": "true", "acl.filters": unknown})},
		},
		"sync whose other map is not known yet": {
			config: attrs{"config": settings(attrs{"acl.sync.enable": "true"}), "sensitive_config": unknown},
		},

		"write-only map without version":     {config: attrs{"sensitive_config_wo": attrs{"sasl.jaas.config": jaas}}, want: []string{versions}},
		"version not known yet":              {config: attrs{"sensitive_config_wo": attrs{"sasl.jaas.config": jaas}, "sensitive_config_wo_version": unknown}},
		"write-only map not known yet":       {config: attrs{"sensitive_config_wo": unknown}},
		"version without a write-only map":   {config: attrs{"sensitive_config_wo_version": 1}},
		"write-only secret is not known yet": {config: attrs{"sensitive_config_wo": attrs{"sasl.jaas.config": unknown}, "sensitive_config_wo_version": 1}},
		"everything that is wrong, in one go": {
			config: attrs{
				"link_mode": "SOURCE", "connection_mode": "INBOUND",
				"config":              attrs{"acl.sync.enable": "1", "ssl.keystore.password": "p"},
				"sensitive_config_wo": attrs{"link.mode": "SOURCE"},
			},
			want: []string{
				"error at connection_mode: ", `error at config["acl.sync.enable"]: `, `error at config["ssl.keystore.password"]: `,
				`error at sensitive_config_wo["link.mode"]: `, versions,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t, linkType, attrs{})
			expectDiagnostics(t, l.validate(plainLink.with(c.config)), c.want...)
		})
	}
}

func TestChecksRepeatNoValueOfAHiddenMap(t *testing.T) {
	t.Parallel()
	l := newLife(t, linkType, attrs{})
	config := attrs{}
	for name, v := range map[string]string{"acl.filters": `{"hidden-value`, "acl.sync.enable": "hidden-value", "acl.sync.ms": "hidden-value", "security.protocol": "hidden-value"} {
		config[name] = v
	}
	diagnostics := l.validate(plainLink.with(attrs{"sensitive_config": config}))
	if len(diagnostics) != len(config) {
		t.Errorf("%d diagnostics, want one for each of %d mistakes", len(diagnostics), len(config))
	}
	for _, d := range diagnostics {
		if strings.Contains(told(d), "hidden-value") {
			t.Errorf("the value is told: %s", told(d))
		}
	}
}
