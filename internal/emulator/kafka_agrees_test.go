package emulator_test

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/emulator"
)

// kafkaSide is a cluster as its Kafka clients see it.
type kafkaSide struct {
	t     *testing.T
	admin *kadm.Client
	*kgo.Client
}

func kafkaSideOf(t *testing.T, c *emulator.Cluster) *kafkaSide {
	t.Helper()
	client, err := kgo.NewClient(append(c.KafkaOptions(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return &kafkaSide{t, kadm.NewClient(client), client}
}

// writes writes so many records to each partition of a topic.
func (k *kafkaSide) writes(topic string, counts ...int) error {
	var records []*kgo.Record
	for partition, count := range counts {
		for range count {
			records = append(records, &kgo.Record{Topic: topic, Partition: int32(partition), Value: []byte("a record")})
		}
	}
	return k.ProduceSync(testContext(k.t), records...).FirstErr()
}

// ends tells where the logs of a topic end.
func (k *kafkaSide) ends(topic string) map[int32]int64 {
	k.t.Helper()
	listed, err := k.admin.ListEndOffsets(testContext(k.t), topic)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		k.t.Fatal(err)
	}
	ends := make(map[int32]int64)
	listed.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	return ends
}

// agree compares a cluster's topics and their settings as REST tells them with what Kafka clients see.
func (k *kafkaSide) agree(rest *rest) {
	k.t.Helper()
	ctx := testContext(k.t)
	seen, err := k.admin.ListTopics(ctx)
	if err != nil {
		k.t.Fatal(err)
	}
	told := rows(rest.want(200, "GET", "/topics", nil), "topic_name")
	if len(told) != len(seen) {
		k.t.Errorf("REST tells of %d topics, clients see %v", len(told), seen.Names())
	}
	for name, row := range told {
		topic := seen[name]
		if row["partitions_count"] != float64(len(topic.Partitions)) || row["replication_factor"] != float64(topic.Partitions.NumReplicas()) {
			k.t.Errorf("REST tells %v, clients see %+v", row, topic)
		}
		described, err := k.admin.DescribeTopicConfigs(ctx, name)
		if err != nil || described[0].Err != nil {
			k.t.Fatal(err, described)
		}
		values, want := make(map[string]string), make(map[string]string)
		for _, c := range described[0].Configs {
			want[c.Key] = c.MaybeValue()
		}
		for setting, row := range rows(rest.want(200, "GET", "/topics/"+name+"/configs", nil), "name") {
			values[setting], _ = row["value"].(string)
		}
		if !maps.Equal(values, want) || len(want) == 0 {
			k.t.Errorf("settings of %s: REST tells %v, clients see %v", name, values, want)
		}
	}
}

// progress is what REST tells of a mirror topic of the link demo, by partition.
func (r *rest) progress(topic string) (lags, fetched map[int32]int64) {
	r.t.Helper()
	lags, fetched = make(map[int32]int64), make(map[int32]int64)
	for _, row := range r.want(200, "GET", "/links/demo/mirrors/"+topic, nil)["mirror_lags"].([]any) {
		partition := int32(row.(object)["partition"].(float64))
		lags[partition] = int64(row.(object)["lag"].(float64))
		fetched[partition] = int64(row.(object)["last_source_fetch_offset"].(float64))
	}
	return lags, fetched
}

// lagsAgree waits until the lags that REST tells are those that clients see, which are to be these.
func lagsAgree(t *testing.T, rest *rest, source, destination *kafkaSide, topic string, want map[int32]int64) {
	t.Helper()
	var lags, fetched, behind map[int32]int64
	eventually(t, fmt.Sprint("lags of ", want), func() bool {
		if lags, fetched = rest.progress(topic); !maps.Equal(lags, want) {
			return false
		}
		behind = source.ends(topic)
		for partition, end := range destination.ends(topic) {
			behind[partition] -= end
			if fetched[partition] != end-1 {
				return false // -1 where nothing was fetched
			}
		}
		return maps.Equal(behind, want)
	})
	if t.Failed() {
		t.Logf("REST tells of lags %v, fetched %v; clients see %v", lags, fetched, behind)
	}
}

func TestKafkaClientsSeeWhatRESTTells(t *testing.T) {
	t.Parallel()
	sourceCluster, atSource := secured(t, "lkc-src")
	destinationCluster, atDestination := secured(t, "lkc-dst")
	source, destination := kafkaSideOf(t, sourceCluster), kafkaSideOf(t, destinationCluster)
	agree := func() { // with new clients, who remember nothing
		t.Helper()
		kafkaSideOf(t, sourceCluster).agree(atSource)
		kafkaSideOf(t, destinationCluster).agree(atDestination)
	}
	for id, k := range map[string]*kafkaSide{"lkc-src": source, "lkc-dst": destination} {
		if seen, err := k.admin.BrokerMetadata(testContext(t)); err != nil || seen.Cluster != id {
			t.Errorf("clients of %s see cluster %q (%v)", id, seen.Cluster, err)
		}
	}
	atSource.want(201, "POST", "/topics", object{
		"topic_name": "orders", "partitions_count": 3, "configs": settings(map[string]string{"max.message.bytes": "9999"}),
	})
	if err := source.writes("orders", 10, 3, 0); err != nil {
		t.Fatal(err)
	}
	atDestination.want(204, "POST", "/links?link_name=demo", object{"source_cluster_id": "lkc-src", "configs": settings(security(sourceCluster, ""))})
	atDestination.want(204, "POST", "/links/demo/mirrors", object{"source_topic_name": "orders", "configs": settings(map[string]string{"retention.ms": "7200000"})})
	lagsAgree(t, atDestination, source, destination, "orders", map[int32]int64{0: 0, 1: 0, 2: 0})
	agree()

	atDestination.accepted("pause", "orders")
	if err := source.writes("orders", 2, 0, 5); err != nil {
		t.Fatal(err)
	}
	lagsAgree(t, atDestination, source, destination, "orders", map[int32]int64{0: 2, 1: 0, 2: 5})
	if err := destination.writes("orders", 1); !errors.Is(err, kerr.InvalidRequest) {
		t.Errorf("write to a paused mirror topic: %v", err)
	}
	atDestination.accepted("resume", "orders")
	lagsAgree(t, atDestination, source, destination, "orders", map[int32]int64{0: 0, 1: 0, 2: 0})
	if err := destination.writes("orders", 1); !errors.Is(err, kerr.InvalidRequest) {
		t.Errorf("write to a mirror topic: %v", err)
	}
	atDestination.want(204, "POST", "/topics/orders/configs:alter", object{"data": []object{
		{"name": "retention.ms", "operation": "DELETE"}, {"name": "segment.ms", "value": "60000000"},
	}})
	agree()

	atDestination.accepted("promote", "orders")
	atDestination.awaitStatus("demo", "orders", "STOPPED")
	lagsAgree(t, atDestination, source, destination, "orders", map[int32]int64{0: 0, 1: 0, 2: 0})
	if err := destination.writes("orders", 1); err != nil {
		t.Errorf("write to a promoted topic: %v", err)
	}
	if ends := destination.ends("orders"); !maps.Equal(ends, map[int32]int64{0: 13, 1: 3, 2: 5}) {
		t.Errorf("the promoted topic ends at %v", ends)
	}

	// What one side deletes or creates the other one sees.
	atDestination.want(204, "DELETE", "/topics/orders", nil)
	if _, err := source.admin.DeleteTopic(testContext(t), "orders"); err != nil {
		t.Fatal(err)
	}
	if _, err := source.admin.CreateTopic(testContext(t), 4, 1, nil, "parcels"); err != nil {
		t.Fatal(err)
	}
	agree()
	atSource.want(404, "GET", "/topics/orders", nil)
	if row := atSource.want(200, "GET", "/topics/parcels", nil); row["partitions_count"] != 4.0 {
		t.Errorf("created by a client: %v", row)
	}
}
