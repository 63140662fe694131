package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	confluent "github.com/confluentinc/ccloud-sdk-go-v2/kafkarest/v3"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// confluentClient is the client that Confluent generates from its description of the API.
func confluentClient(t *testing.T, c *emulator.Cluster) (context.Context, *confluent.APIClient) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(c.CACertificate()))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := confluent.NewConfiguration()
	cfg.Servers = confluent.ServerConfigurations{{URL: c.RESTEndpoint()}}
	cfg.HTTPClient = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	ctx := context.WithValue(t.Context(), confluent.ContextBasicAuth, confluent.BasicAuth{UserName: restUser, Password: restPassword})
	return ctx, confluent.NewAPIClient(cfg)
}

// seenByConfluent is what Confluent's client sees of the demo, as attributes by address and name.
func (w *world) seenByConfluent(ctx context.Context, client *confluent.APIClient) (map[string]map[string]string, error) {
	id := w.destination.ID()
	link, _, err := client.ClusterLinkingV3Api.GetKafkaLink(ctx, id, "demo-link").Execute()
	settings, _, err2 := client.ClusterLinkingV3Api.ListKafkaLinkConfigs(ctx, id, "demo-link").Execute()
	mirror, _, err3 := client.ClusterLinkingV3Api.ReadKafkaMirrorTopic(ctx, id, "demo-link", "orders").Execute()
	topicSettings, _, err4 := client.ConfigsV3Api.ListKafkaTopicConfigs(ctx, id, "orders").Execute()
	if err := errors.Join(err, err2, err3, err4); err != nil {
		return nil, err
	}
	seen := map[string]map[string]string{
		demo: {
			"link_name": link.LinkName, "cluster_link_id": link.ClusterLinkId, "remote_cluster_id": link.GetSourceClusterId(),
			"link_state": link.GetLinkState(), "link_error": link.GetLinkError(),
		},
		ordersMirror: {
			"link_name": mirror.LinkName, "mirror_topic_name": mirror.MirrorTopicName, "source_topic_name": mirror.SourceTopicName,
			"mirror_status": string(mirror.MirrorStatus), "mirror_topic_error": mirror.GetMirrorTopicError(), "num_partitions": strconv.Itoa(int(mirror.NumPartitions)),
		},
	}
	for _, setting := range settings.Data {
		seen[demo]["config."+setting.Name] = setting.Value
	}
	for _, setting := range topicSettings.Data {
		seen[ordersMirror]["config."+setting.Name] = setting.GetValue()
	}
	return seen, nil
}

// The state says what Confluent's own client sees, in every state of a mirror topic.
func TestStateAgreesWithConfluentsClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1", "2")
	ctx, client := confluentClient(t, w.destination)
	step := func(state, retention string) resource.TestStep {
		return resource.TestStep{
			Config: w.config(demoLink("") + demoMirror(fmt.Sprintf("state = %q\n config = { \"retention.ms\" = %q }", state, retention))),
			Check: func(s *terraform.State) error {
				seen, err := w.seenByConfluent(ctx, client)
				var errs []error
				for address, attributes := range seen {
					has := s.RootModule().Resources[address].Primary.Attributes
					for name, value := range attributes {
						if got, managed := has[name]; got != value && (managed || !strings.HasPrefix(name, "config.")) {
							errs = append(errs, fmt.Errorf("%s.%s is %q in the state, and %q for Confluent's client", address, name, got, value))
						}
					}
					if has["config.%"] == "0" || has["config.%"] == "" {
						errs = append(errs, fmt.Errorf("%s has no settings to compare", address))
					}
				}
				return errors.Join(append(errs, err)...)
			},
		}
	}
	acceptance(t, step("ACTIVE", "3600000"), step("PAUSED", "3600000"), step("ACTIVE", "7200000"), step("PROMOTED", "7200000"))
	links, _, err := client.ClusterLinkingV3Api.ListKafkaLinks(ctx, w.destination.ID()).Execute()
	topics, _, err2 := client.TopicV3Api.ListKafkaTopics(ctx, w.destination.ID()).Execute()
	orders := slices.ContainsFunc(topics.Data, func(topic confluent.TopicData) bool { return topic.TopicName == "orders" })
	if err := errors.Join(err, err2); err != nil || len(links.Data) != 0 || !orders {
		t.Errorf("after the destroy: %d links, and orders is there: %t (%v)", len(links.Data), orders, err)
	}
}
