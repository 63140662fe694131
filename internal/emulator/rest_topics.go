package emulator

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator/broker"
)

var topicNamePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,249}$`)

// topicSettingNames are the settings that a topic can have.
var topicSettingNames = strings.Fields(`
	cleanup.policy compression.type confluent.key.schema.validation confluent.value.schema.validation
	delete.retention.ms file.delete.delay.ms flush.messages flush.ms follower.replication.throttled.replicas
	index.interval.bytes leader.replication.throttled.replicas max.compaction.lag.ms max.message.bytes
	message.downconversion.enable message.format.version message.timestamp.after.max.ms
	message.timestamp.before.max.ms message.timestamp.difference.max.ms message.timestamp.type
	min.cleanable.dirty.ratio min.compaction.lag.ms min.insync.replicas preallocate retention.bytes retention.ms
	segment.bytes segment.index.bytes segment.jitter.ms segment.ms unclean.leader.election.enable`)

type related struct {
	Related string `json:"related"`
}

type clusterData struct {
	Kind                   string   `json:"kind"`
	Metadata               metadata `json:"metadata"`
	ClusterID              string   `json:"cluster_id"`
	ACLs                   related  `json:"acls"`
	Brokers                related  `json:"brokers"`
	BrokerConfigs          related  `json:"broker_configs"`
	ConsumerGroups         related  `json:"consumer_groups"`
	Topics                 related  `json:"topics"`
	PartitionReassignments related  `json:"partition_reassignments"`
}

type topicData struct {
	Kind                   string   `json:"kind"`
	Metadata               metadata `json:"metadata"`
	ClusterID              string   `json:"cluster_id"`
	TopicName              string   `json:"topic_name"`
	IsInternal             bool     `json:"is_internal"`
	ReplicationFactor      int      `json:"replication_factor"`
	PartitionsCount        int      `json:"partitions_count"`
	Partitions             related  `json:"partitions"`
	Configs                related  `json:"configs"`
	PartitionReassignments related  `json:"partition_reassignments"`
}

type topicConfigData struct {
	Kind        string    `json:"kind"`
	Metadata    metadata  `json:"metadata"`
	ClusterID   string    `json:"cluster_id"`
	TopicName   string    `json:"topic_name"`
	Name        string    `json:"name"`
	Value       *string   `json:"value"`
	IsDefault   bool      `json:"is_default"`
	IsReadOnly  bool      `json:"is_read_only"`
	IsSensitive bool      `json:"is_sensitive"`
	Source      string    `json:"source"`
	Synonyms    []synonym `json:"synonyms"`
}

type synonym struct {
	Name   string  `json:"name"`
	Value  *string `json:"value"`
	Source string  `json:"source"`
}

func (c *Cluster) clusterData() clusterData {
	return clusterData{
		Kind: "KafkaCluster", Metadata: c.metadata(), ClusterID: c.ID(),
		ACLs: related{c.url("acls")}, Brokers: related{c.url("brokers")}, BrokerConfigs: related{c.url("broker-configs")},
		ConsumerGroups: related{c.url("consumer-groups")}, Topics: related{c.url("topics")},
		PartitionReassignments: related{c.url("topics", "-", "partitions", "-", "reassignment")},
	}
}

func (c *Cluster) listClusters(r *call) (answer, error) {
	return page(c, r, "KafkaClusterList", c.endpoint+c.cfg.BasePath+"/clusters", []any{c.clusterData()})
}

func (c *Cluster) getCluster(*call) (answer, error) {
	return answer{http.StatusOK, c.clusterData()}, nil
}

func (c *Cluster) topicData(t broker.Topic) topicData {
	return topicData{
		Kind: "KafkaTopic", Metadata: c.metadata("topics", t.Name), ClusterID: c.ID(), TopicName: t.Name,
		IsInternal: t.Internal, ReplicationFactor: t.ReplicationFactor, PartitionsCount: t.Partitions,
		Partitions: related{c.url("topics", t.Name, "partitions")}, Configs: related{c.url("topics", t.Name, "configs")},
		PartitionReassignments: related{c.url("topics", t.Name, "partitions", "-", "reassignment")},
	}
}

func (c *Cluster) listTopics(r *call) (answer, error) {
	topics, err := c.broker.Topics(c.ctx)
	if err != nil {
		return answer{}, brokerError(err)
	}
	rows := make([]any, len(topics))
	for i, topic := range topics {
		rows[i] = c.topicData(topic)
	}
	return page(c, r, "KafkaTopicList", c.url("topics"), rows)
}

func (c *Cluster) getTopic(r *call) (answer, error) {
	topic, err := c.broker.Topic(c.ctx, r.PathValue("topic"))
	if err != nil {
		return answer{}, brokerError(err)
	}
	return answer{http.StatusOK, c.topicData(topic)}, nil
}

// createTopic makes an ordinary topic.
func (c *Cluster) createTopic(r *call) (answer, error) {
	var body struct {
		TopicName         string       `json:"topic_name"`
		PartitionsCount   *int32       `json:"partitions_count"`
		ReplicationFactor *int         `json:"replication_factor"`
		Configs           []namedValue `json:"configs"`
		ValidateOnly      bool         `json:"validate_only"`
	}
	if err := r.decode(&body); err != nil {
		return answer{}, err
	}
	if !topicNamePattern.MatchString(body.TopicName) {
		return answer{}, badRequest("Topic name '%s' is illegal.", body.TopicName)
	}
	configs, err := topicSettings(body.Configs)
	if err != nil {
		return answer{}, err
	}
	factor, err := c.replicationFactor(body.ReplicationFactor)
	if err != nil {
		return answer{}, err
	}
	partitions := int32(-1)
	if body.PartitionsCount != nil {
		if partitions = *body.PartitionsCount; partitions < 1 {
			return answer{}, badRequest("Number of partitions must be larger than 0.")
		}
	}
	if !c.reserve(topicKey(body.TopicName)) {
		return answer{}, topicExists(body.TopicName)
	}
	defer c.release(topicKey(body.TopicName))
	if _, err := c.broker.Topic(c.ctx, body.TopicName); err == nil {
		return answer{}, topicExists(body.TopicName)
	}
	if body.ValidateOnly {
		planned := broker.Topic{Name: body.TopicName, Partitions: int(partitions), ReplicationFactor: int(factor)}
		return answer{http.StatusOK, c.topicData(planned)}, nil
	}
	if err := c.broker.CreateTopic(c.ctx, body.TopicName, partitions, factor, configs); err != nil {
		return answer{}, brokerError(err)
	}
	topic, err := c.broker.Topic(c.ctx, body.TopicName)
	return answer{http.StatusCreated, c.topicData(topic)}, err
}

// deleteTopic deletes a topic and its records, a mirror topic too.
func (c *Cluster) deleteTopic(r *call) (answer, error) {
	name := r.PathValue("topic")
	if !c.reserve(topicKey(name)) {
		return answer{}, unknownTopic()
	}
	defer c.release(topicKey(name))
	c.mu.Lock()
	m := c.mirrors[name]
	c.mu.Unlock()
	if m != nil {
		c.detach(m)
	}
	if err := c.broker.DeleteTopic(c.ctx, name); err != nil {
		return answer{}, brokerError(err)
	}
	return answer{status: http.StatusNoContent}, nil
}

func (c *Cluster) listTopicConfigs(r *call) (answer, error) {
	name := r.PathValue("topic")
	configs, err := c.broker.TopicConfigs(c.ctx, name)
	if err != nil {
		return answer{}, brokerError(err)
	}
	rows := make([]any, len(configs))
	for i, config := range configs {
		rows[i] = topicConfigData{
			Kind: "KafkaTopicConfig", Metadata: c.metadata("topics", name, "configs", config.Name), ClusterID: c.ID(),
			TopicName: name, Name: config.Name, Value: config.Value, IsDefault: config.Default,
			IsSensitive: config.Sensitive, Source: config.Source,
			Synonyms: []synonym{{config.Name, config.Value, config.Source}},
		}
	}
	return page(c, r, "KafkaTopicConfigList", c.url("topics", name, "configs"), rows)
}

func (c *Cluster) alterTopicConfigs(r *call) (answer, error) {
	var body struct {
		Data         []alteration `json:"data"`
		ValidateOnly bool         `json:"validate_only"`
	}
	if err := r.decode(&body); err != nil {
		return answer{}, err
	}
	name := r.PathValue("topic")
	if _, err := c.broker.Topic(c.ctx, name); err != nil {
		return answer{}, brokerError(err)
	}
	set, reset, err := topicAlterations(body.Data)
	if err != nil {
		return answer{}, err
	}
	if !body.ValidateOnly {
		if err := c.broker.AlterTopicConfigs(c.ctx, name, set, reset); err != nil {
			return answer{}, brokerError(err)
		}
	}
	return answer{status: http.StatusNoContent}, nil
}

func topicAlterations(alterations []alteration) (set map[string]string, reset []string, err error) {
	set = make(map[string]string)
	for _, a := range alterations {
		if err := checkTopicSetting(a.Name); err != nil {
			return nil, nil, err
		}
		switch strings.ToUpper(a.Operation) {
		case "", "SET":
			if a.Value == nil {
				return nil, nil, badRequest("Configuration '%s' has no value.", a.Name)
			}
			set[a.Name] = *a.Value
		case "DELETE":
			reset = append(reset, a.Name)
		default:
			return nil, nil, malformed("Unknown operation '%s' for configuration '%s'.", a.Operation, a.Name)
		}
	}
	return set, reset, nil
}

// topicSettings reads the settings of a topic that is being created.
func topicSettings(configs []namedValue) (map[string]*string, error) {
	settings := make(map[string]*string)
	for _, config := range configs {
		if err := checkTopicSetting(config.Name); err != nil {
			return nil, err
		}
		settings[config.Name] = config.Value
	}
	return settings, nil
}

func checkTopicSetting(name string) error {
	if slices.Contains(topicSettingNames, name) {
		return nil
	}
	return badRequest("Unknown topic config name: %s", name)
}
