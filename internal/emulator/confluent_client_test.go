package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	confluent "github.com/confluentinc/ccloud-sdk-go-v2/kafkarest/v3"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// confluentClient is the client that Confluent generates from its description.
type confluentClient struct {
	*confluent.APIClient
	t   *testing.T
	ctx context.Context
	id  string // of the cluster
}

func confluentClientOf(t *testing.T, c *emulator.Cluster) *confluentClient {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := confluent.NewConfiguration()
	cfg.Servers = confluent.ServerConfigurations{{URL: c.RESTEndpoint()}}
	cfg.HTTPClient = &http.Client{Transport: transport}
	return &confluentClient{APIClient: confluent.NewAPIClient(cfg), t: t, ctx: testContext(t), id: c.ID()}
}

// ok fails the test where a call did not succeed.
func (c *confluentClient) ok(response *http.Response, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%s on %s: %v", response.Request.URL, c.id, err)
	}
}

// of is the result of a call that must succeed.
func of[R any](c *confluentClient) func(R, *http.Response, error) R {
	return func(result R, response *http.Response, err error) R {
		c.t.Helper()
		c.ok(response, err)
		return result
	}
}

func confluentConfigs(pairs ...string) *[]confluent.ConfigData {
	var configs []confluent.ConfigData
	for i := 0; i < len(pairs); i += 2 {
		configs = append(configs, confluent.ConfigData{Name: pairs[i], Value: *confluent.NewNullableString(&pairs[i+1])})
	}
	return &configs
}

// link creates an end of a bidirectional link, as a validation first.
func (c *confluentClient) link(remote *emulator.Cluster) {
	c.t.Helper()
	id := remote.ID()
	call := c.ClusterLinkingV3Api.CreateKafkaLink(c.ctx, c.id).LinkName("demo").ValidateLink(true).CreateLinkRequestData(confluent.CreateLinkRequestData{
		RemoteClusterId: &id,
		Configs:         confluentConfigs("link.mode", "BIDIRECTIONAL", "bootstrap.servers", remote.BootstrapServers()),
	})
	c.ok(call.ValidateOnly(true).Execute())
	c.ok(call.ValidateOnly(false).Execute())
}

// becomes waits for the status of the mirror topic "orders".
func (c *confluentClient) becomes(status confluent.MirrorTopicStatus) confluent.ListMirrorTopicsResponseData {
	c.t.Helper()
	var mirror confluent.ListMirrorTopicsResponseData
	eventually(c.t, fmt.Sprintf("orders on %s to be %s", c.id, status), func() bool {
		var err error
		mirror, _, err = c.ClusterLinkingV3Api.ReadKafkaMirrorTopic(c.ctx, c.id, "demo", "orders").IncludeStateTransitionErrors(true).Execute()
		return err == nil && mirror.MirrorStatus == status
	})
	return mirror
}

// accepted sees that a verb was accepted for the topic "orders".
func (c *confluentClient) accepted(verdicts confluent.AlterMirrorStatusResponseDataList, response *http.Response, err error) {
	c.t.Helper()
	c.ok(response, err)
	if len(verdicts.Data) != 1 || verdicts.Data[0].MirrorTopicName != "orders" || verdicts.Data[0].ErrorCode.Get() != nil {
		c.t.Fatalf("%s: %+v", response.Request.URL, verdicts.Data)
	}
}

// Confluent's own client makes every call that the provider makes, and understands the answers.
func TestConfluentClientDrivesTheEmulator(t *testing.T) {
	t.Parallel()
	eastern, _ := plainCluster(t, "lkc-east", emulator.ConfluentCloud)
	western, _ := plainCluster(t, "lkc-west", emulator.ConfluentCloud)
	east, west := confluentClientOf(t, eastern), confluentClientOf(t, western)
	if got := of[confluent.ClusterData](east)(east.ClusterV3Api.GetKafkaCluster(east.ctx, east.id).Execute()); got.ClusterId != "lkc-east" {
		t.Errorf("cluster %+v", got)
	}

	east.drivesTopics()
	east.link(western)
	west.link(eastern)
	west.drivesSettings()
	west.drivesMirrors(east)

	for _, c := range []*confluentClient{east, west} {
		c.ok(c.ClusterLinkingV3Api.DeleteKafkaLink(c.ctx, c.id, "demo").Force(true).Execute())
		if links := of[confluent.ListLinksResponseDataList](c)(c.ClusterLinkingV3Api.ListKafkaLinks(c.ctx, c.id).Execute()); len(links.Data) != 0 {
			t.Errorf("left on %s: %+v", c.id, links.Data)
		}
		c.ok(c.TopicV3Api.DeleteKafkaTopic(c.ctx, c.id, "orders").Execute())
		if _, response, err := c.TopicV3Api.GetKafkaTopic(c.ctx, c.id, "orders").Execute(); err == nil || response.StatusCode != 404 {
			t.Errorf("the topic is still on %s: %v", c.id, err)
		}
	}
}

func (c *confluentClient) drivesTopics() {
	c.t.Helper()
	two := int32(2)
	of[confluent.TopicData](c)(c.TopicV3Api.CreateKafkaTopic(c.ctx, c.id).CreateTopicRequestData(confluent.CreateTopicRequestData{
		TopicName: "orders", PartitionsCount: &two,
	}).Execute())
	topic := of[confluent.TopicData](c)(c.TopicV3Api.GetKafkaTopic(c.ctx, c.id, "orders").Execute())
	topics := of[confluent.TopicDataList](c)(c.TopicV3Api.ListKafkaTopics(c.ctx, c.id).Execute())
	if topic.PartitionsCount != 2 || !slices.ContainsFunc(topics.Data, func(t confluent.TopicData) bool { return t.TopicName == "orders" }) {
		c.t.Errorf("topic %+v, among %+v", topic, topics.Data)
	}
	c.alterTopic("retention.ms", "3600000", "SET")
	if got := c.topicSetting("retention.ms"); got != "3600000" {
		c.t.Errorf("retention.ms is %q", got)
	}
	c.alterTopic("retention.ms", "", "DELETE")
	if got := c.topicSetting("retention.ms"); got == "3600000" {
		c.t.Error("retention.ms is not reset")
	}
}

func alteration(name, value, operation string) confluent.AlterConfigBatchRequestData {
	data := confluent.AlterConfigBatchRequestDataData{Name: name, Operation: *confluent.NewNullableString(&operation)}
	if operation == "SET" {
		data.Value = *confluent.NewNullableString(&value)
	}
	return confluent.AlterConfigBatchRequestData{Data: []confluent.AlterConfigBatchRequestDataData{data}}
}

func (c *confluentClient) alterTopic(name, value, operation string) {
	c.t.Helper()
	c.ok(c.ConfigsV3Api.UpdateKafkaTopicConfigBatch(c.ctx, c.id, "orders").AlterConfigBatchRequestData(alteration(name, value, operation)).Execute())
}

func (c *confluentClient) topicSetting(name string) string {
	c.t.Helper()
	for _, config := range of[confluent.TopicConfigDataList](c)(c.ConfigsV3Api.ListKafkaTopicConfigs(c.ctx, c.id, "orders").Execute()).Data {
		if config.Name == name {
			return config.GetValue()
		}
	}
	return ""
}

func (c *confluentClient) drivesSettings() {
	c.t.Helper()
	api := c.ClusterLinkingV3Api
	expect := func(name, value string, byDefault bool) {
		c.t.Helper()
		one := of[confluent.ListLinkConfigsResponseData](c)(api.GetKafkaLinkConfigs(c.ctx, c.id, "demo", name).Execute())
		all := of[confluent.ListLinkConfigsResponseDataList](c)(api.ListKafkaLinkConfigs(c.ctx, c.id, "demo").Execute())
		same := func(row confluent.ListLinkConfigsResponseData) bool {
			return row.Name == name && row.Value == one.Value && row.IsDefault == one.IsDefault
		}
		if one.Value != value || one.IsDefault != byDefault || !slices.ContainsFunc(all.Data, same) {
			c.t.Errorf("%s is %q, default %t, want %q, %t", name, one.Value, one.IsDefault, value, byDefault)
		}
	}
	alter := func(body confluent.AlterConfigBatchRequestData, validateOnly bool) {
		c.t.Helper()
		c.ok(api.UpdateKafkaLinkConfigBatch(c.ctx, c.id, "demo").ValidateOnly(validateOnly).AlterConfigBatchRequestData(body).Execute())
	}
	alter(alteration("consumer.offset.sync.ms", "4000", "SET"), true)
	expect("consumer.offset.sync.ms", "30000", true)
	alter(alteration("consumer.offset.sync.ms", "4000", "SET"), false)
	expect("consumer.offset.sync.ms", "4000", false)
	alter(alteration("consumer.offset.sync.ms", "", "DELETE"), false)
	expect("consumer.offset.sync.ms", "30000", true)
	c.ok(api.UpdateKafkaLinkConfig(c.ctx, c.id, "demo", "consumer.offset.sync.ms").UpdateLinkConfigRequestData(confluent.UpdateLinkConfigRequestData{Value: "5000"}).Execute())
	expect("consumer.offset.sync.ms", "5000", false)
	c.ok(api.DeleteKafkaLinkConfig(c.ctx, c.id, "demo", "consumer.offset.sync.ms").Execute())
	expect("consumer.offset.sync.ms", "30000", true)
	alter(alteration("ssl.key.password", "planted", "SET"), false)
	expect("ssl.key.password", "", false) // the server keeps it to itself
}

// drivesMirrors mirrors a topic of the far cluster on this one, and has every verb carried out on it.
func (c *confluentClient) drivesMirrors(far *confluentClient) {
	c.t.Helper()
	names := []string{"orders"}
	orders := confluent.AlterMirrorsRequestData{MirrorTopicNames: &names}
	here, there := c.ClusterLinkingV3Api, far.ClusterLinkingV3Api
	c.ok(here.CreateKafkaMirrorTopic(c.ctx, c.id, "demo").CreateMirrorTopicRequestData(confluent.CreateMirrorTopicRequestData{
		SourceTopicName: "orders", Configs: confluentConfigs("retention.ms", "3600000"),
	}).Execute())
	if mirror := c.becomes(confluent.ACTIVE); mirror.SourceTopicName != "orders" || mirror.NumPartitions != 2 || len(mirror.MirrorLags.Items) != 2 {
		c.t.Errorf("mirror topic %+v", mirror)
	}
	link := of[confluent.ListLinksResponseData](c)(here.GetKafkaLink(c.ctx, c.id, "demo").IncludeTasks(true).Execute())
	if link.GetRemoteClusterId() != far.id || !slices.Equal(link.TopicNames, names) || link.GetLinkState() != "ACTIVE" || len(link.GetTasks()) == 0 {
		c.t.Errorf("link %+v", link)
	}
	c.accepted(here.UpdateKafkaMirrorTopicsPause(c.ctx, c.id, "demo").ValidateOnly(true).AlterMirrorsRequestData(orders).Execute())
	c.accepted(here.UpdateKafkaMirrorTopicsPause(c.ctx, c.id, "demo").AlterMirrorsRequestData(orders).Execute())
	c.becomes(confluent.PAUSED)
	ofLink := of[confluent.ListMirrorTopicsResponseDataList](c)(here.ListKafkaMirrorTopicsUnderLink(c.ctx, c.id, "demo").MirrorStatus(confluent.PAUSED).Execute())
	active := of[confluent.ListMirrorTopicsResponseDataList](c)(here.ListKafkaMirrorTopics(c.ctx, c.id).MirrorStatus(confluent.ACTIVE).Execute())
	if len(ofLink.Data) != 1 || len(active.Data) != 0 {
		c.t.Errorf("paused %+v, active %+v", ofLink.Data, active.Data)
	}
	c.accepted(here.UpdateKafkaMirrorTopicsResume(c.ctx, c.id, "demo").AlterMirrorsRequestData(orders).Execute())
	c.becomes(confluent.ACTIVE)

	c.accepted(here.UpdateKafkaMirrorTopicsReverseAndStartMirror(c.ctx, c.id, "demo").AlterMirrorsRequestData(orders).Execute())
	far.becomes(confluent.ACTIVE)
	far.accepted(there.UpdateKafkaMirrorTopicsReverseAndPauseMirror(far.ctx, far.id, "demo").AlterMirrorsRequestData(orders).Execute())
	c.becomes(confluent.PAUSED)
	c.accepted(here.UpdateKafkaMirrorTopicsFailover(c.ctx, c.id, "demo").AlterMirrorsRequestData(orders).Execute())
	c.becomes(confluent.STOPPED)
	restore := there.UpdateKafkaMirrorTopicsTruncateAndRestoreMirror(far.ctx, far.id, "demo").IncludePartitionLevelTruncationData(true)
	far.accepted(restore.AlterMirrorsRequestData(orders).Execute())
	far.becomes(confluent.ACTIVE)
	far.accepted(there.UpdateKafkaMirrorTopicsPromote(far.ctx, far.id, "demo").AlterMirrorsRequestData(orders).Execute())
	far.becomes(confluent.STOPPED)
	refused := of[confluent.AlterMirrorStatusResponseDataList](far)(there.UpdateKafkaMirrorTopicsPromote(far.ctx, far.id, "demo").AlterMirrorsRequestData(orders).Execute())
	if len(refused.Data) != 1 || refused.Data[0].ErrorCode.Get() == nil || refused.Data[0].ErrorMessage.Get() == nil {
		c.t.Errorf("what has stopped is promoted again: %+v", refused.Data)
	}
}
