package provider

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/linkconfig"
)

const (
	groupPrefixSetting = "consumer.group.prefix.enable"

	// Kafka's limit on the names of topics; a prefix has to leave room for one.
	longestTopicName = 249
)

// The ports that REST listens on: Confluent Cloud, Confluent Server, and the
// standalone REST Proxy.
var restPorts = []string{"443", "8090", "8082"}

// checkAddresses finds the address of a REST endpoint where that of Kafka
// brokers belongs.
func (m *linkModel) checkAddresses(diags *diag.Diagnostics) {
	const summary = "Not the address of Kafka brokers"
	for _, in := range m.settingMaps() {
		at := m.placeOf(bootstrapSetting)
		for address := range strings.SplitSeq(values(in.settings)[bootstrapSetting], ",") {
			address = strings.TrimSpace(address)
			_, port, _ := net.SplitHostPort(address)
			switch {
			case strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://"):
				diags.AddAttributeError(at, summary, bootstrapSetting+" names Kafka brokers, as host:port. This is the address of a REST endpoint, which belongs in the provider's endpoints.")
			case strings.Contains(address, "://"):
				diags.AddAttributeError(at, summary, bootstrapSetting+" names Kafka brokers as host:port alone; how to speak to them is said by security.protocol.")
			case slices.Contains(restPorts, port):
				diags.AddAttributeWarning(at, summary, fmt.Sprintf("Port %s is usually that of the REST API. %s names Kafka brokers, which often listen on 9092.", port, bootstrapSetting))
			}
		}
	}
}

// checkPrefix judges the prefix of mirror topics, and that of consumer groups,
// which comes with it.
func (m *linkModel) checkPrefix(diags *diag.Diagnostics) {
	prefix, groups := "", false
	for _, in := range m.settingMaps() {
		prefix += values(in.settings)[prefixSetting]
		groups = groups || linkconfig.Equal(groupPrefixSetting, values(in.settings)[groupPrefixSetting], "true")
	}
	at := m.placeOf(prefixSetting)
	switch {
	case len(prefix) >= longestTopicName:
		diags.AddAttributeError(at, "Prefix too long", fmt.Sprintf("It has %d characters. With the name of its source, a mirror topic's name may have %d.", len(prefix), longestTopicName))
	case !onlyTopicCharacters(prefix):
		diags.AddAttributeError(at, "Invalid prefix", "It begins the names of topics, and may hold only letters, digits, '.', '_' and '-'.")
	}
	switch {
	case groups && m.LinkMode.ValueString() == modeBidirectional:
		diags.AddAttributeError(m.placeOf(groupPrefixSetting), "Setting not for bidirectional links", groupPrefixSetting+" is refused on bidirectional links.")
	case groups && prefix == "" && !m.hasUnknownValue(prefixSetting):
		diags.AddAttributeWarning(m.placeOf(groupPrefixSetting), "No prefix", groupPrefixSetting+" takes the prefix of "+prefixSetting+", which is missing.")
	}
}

func onlyTopicCharacters(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool {
		return r > 'z' || !strings.ContainsRune("._-", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) < 0
}
