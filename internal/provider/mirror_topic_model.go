package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/clusterlink/terraform-provider-clusterlink/internal/kafkarest"
)

// mirrorTopicModel is clusterlink_mirror_topic in configuration, plan and state.
type mirrorTopicModel struct {
	ID                types.String   `tfsdk:"id"`
	Endpoint          types.String   `tfsdk:"endpoint"`
	ClusterID         types.String   `tfsdk:"cluster_id"`
	LinkName          types.String   `tfsdk:"link_name"`
	SourceTopicName   types.String   `tfsdk:"source_topic_name"`
	MirrorTopicName   types.String   `tfsdk:"mirror_topic_name"`
	ReplicationFactor types.Int64    `tfsdk:"replication_factor"`
	Config            types.Map      `tfsdk:"config"`
	State             types.String   `tfsdk:"state"`
	OnDestroy         types.String   `tfsdk:"on_destroy"`
	MirrorStatus      types.String   `tfsdk:"mirror_status"`
	MirrorTopicError  types.String   `tfsdk:"mirror_topic_error"`
	NumPartitions     types.Int64    `tfsdk:"num_partitions"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

func mirrorID(clusterID, link, name types.String) types.String {
	return plannedID(clusterID, link, name)
}

// nameAfterPrefix gives a mirror topic without a name the one that it has to
// have: the link's prefix and the name of its source.
func (m *mirrorTopicModel) nameAfterPrefix(ctx context.Context, e *endpoint) error {
	if !m.MirrorTopicName.IsUnknown() {
		return nil
	}
	return pollVisible(ctx, func() error {
		prefix, err := e.prefix(ctx, m.LinkName.ValueString())
		if err == nil {
			m.MirrorTopicName = types.StringValue(prefix + m.SourceTopicName.ValueString())
		}
		return err
	})
}

func (m *mirrorTopicModel) newMirror() kafkarest.NewMirror {
	mirror := kafkarest.NewMirror{
		SourceTopicName:   m.SourceTopicName.ValueString(),
		Name:              m.MirrorTopicName.ValueString(),
		ReplicationFactor: m.ReplicationFactor.ValueInt64(),
	}
	for _, change := range topicSettingChanges(types.MapNull(types.StringType), m.Config) {
		mirror.Configs = append(mirror.Configs, change.Setting)
	}
	return mirror
}

// topicSettingChanges is what an update of a topic's settings has to tell the
// server, sorted by name.
func topicSettingChanges(prior, planned types.Map) []kafkarest.Change {
	before, after := values(prior), values(planned)
	var changes []kafkarest.Change
	for name, value := range after {
		if old, ok := before[name]; !ok || old != value {
			changes = append(changes, kafkarest.Change{Setting: kafkarest.Setting{Name: name, Value: value}})
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			changes = append(changes, kafkarest.Change{Setting: kafkarest.Setting{Name: name}, Reset: true})
		}
	}
	slices.SortFunc(changes, func(a, b kafkarest.Change) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// refresh takes over what the server says of the mirror topic, or returns
// ErrNotFound.
func (m *mirrorTopicModel) refresh(ctx context.Context, e *endpoint) error {
	mirror, err := e.mirror(ctx, m.LinkName.ValueString(), m.MirrorTopicName.ValueString())
	if err != nil {
		return err
	}
	m.observe(mirror)
	return m.refreshConfig(ctx, e)
}

func (m *mirrorTopicModel) refreshConfig(ctx context.Context, e *endpoint) error {
	if len(m.Config.Elements()) == 0 {
		return nil
	}
	settings, err := e.client.TopicSettings(ctx, m.MirrorTopicName.ValueString())
	if err != nil {
		// The mirror topic is there; that its settings are not must not read as its end.
		return fmt.Errorf("the mirror topic was read, its settings were not: %s", err)
	}
	m.Config = refreshSettings(m.Config, index(settings, func(s kafkarest.ReportedSetting) string { return s.Name }))
	return nil
}

// observe turns the server's view of a mirror topic into state, for Create,
// Read, Update and import alike.
func (m *mirrorTopicModel) observe(mirror *kafkarest.Mirror) {
	if mirror.SourceTopicName != "" {
		m.SourceTopicName = types.StringValue(mirror.SourceTopicName)
	}
	m.State = types.StringValue(observedState(mirror.Status, m.State.ValueString()))
	m.MirrorStatus = stringOrNull(mirror.Status)
	m.MirrorTopicError = stringOrNull(mirror.Error)
	m.NumPartitions = types.Int64Null()
	if mirror.NumPartitions > 0 {
		m.NumPartitions = types.Int64Value(mirror.NumPartitions)
	}
}

// keptAsTopic reports whether a mirror topic that the link no longer knows was
// stopped before and goes on as an ordinary topic.
func (m *mirrorTopicModel) keptAsTopic(ctx context.Context, e *endpoint) bool {
	if !isStopped(m.State.ValueString()) {
		return false
	}
	_, err := e.client.Topic(ctx, m.MirrorTopicName.ValueString())
	return !errors.Is(err, kafkarest.ErrNotFound)
}

// keepConfigured gives everything that the plan knows its planned value, as
// Terraform demands after Create and Update, and what nobody knows none.
func (m *mirrorTopicModel) keepConfigured(plan mirrorTopicModel) {
	m.SourceTopicName, m.Config, m.ReplicationFactor = plan.SourceTopicName, plan.Config, plan.ReplicationFactor
	settle(&m.State, plan.State)
	settle(&m.MirrorStatus, plan.MirrorStatus)
	settle(&m.MirrorTopicError, plan.MirrorTopicError)
	if !plan.NumPartitions.IsUnknown() {
		m.NumPartitions = plan.NumPartitions
	} else if m.NumPartitions.IsUnknown() {
		m.NumPartitions = types.Int64Null()
	}
}
