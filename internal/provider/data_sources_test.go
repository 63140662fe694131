package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

func TestDataSourcesShowLinkMirrorsAndTopics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.topic("orders", "1", "2", "3")
	w.topic("payments", "1")
	w.topic("__internal", "1")

	exactly := func(address, attribute string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data."+address, tfjsonpath.New(attribute), want)
	}
	topic := func(name string) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"topic_name": knownvalue.StringExact(name), "partitions_count": knownvalue.Int64Exact(1), "replication_factor": knownvalue.Int64Exact(1),
		})
	}
	config := w.config(demoLink("") + demoMirror("") + `
data "clusterlink_link" "demo" {
  endpoint   = "destination"
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.orders]
}
data "clusterlink_mirror_topics" "of_link" {
  endpoint   = "destination"
  link_name  = clusterlink_link.demo.link_name
  depends_on = [clusterlink_mirror_topic.orders]
}
data "clusterlink_mirror_topics" "stopped" {
  endpoint      = "destination"
  mirror_status = "STOPPED"
  depends_on    = [clusterlink_mirror_topic.orders]
}
data "clusterlink_topics" "source" {
  endpoint = "source"
}
data "clusterlink_topics" "orders" {
  endpoint         = "source"
  topic_name_regex = "^orders$"
}
data "clusterlink_topics" "all" {
  endpoint         = "source"
  topic_name_regex = "^__"
  include_internal = true
}
`)
	acceptance(t,
		resource.TestStep{Config: config},
		resource.TestStep{Config: config, ConfigStateChecks: []statecheck.StateCheck{
			exactly("clusterlink_link.demo", "link_error", knownvalue.StringExact("NO_ERROR")),
			exactly("clusterlink_link.demo", "topic_names", knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("orders")})),
			statecheck.ExpectKnownValue("data.clusterlink_link.demo", tfjsonpath.New("config").AtMapKey("sasl.mechanism"), knownvalue.StringExact("PLAIN")),
			exactly("clusterlink_link.demo", "config", knownvalue.MapPartial(map[string]knownvalue.Check{"acl.sync.ms": knownvalue.StringExact("5000")})),
			exactly("clusterlink_link.demo", "category_counts", knownvalue.ListPartial(map[int]knownvalue.Check{
				0: knownvalue.ObjectPartial(map[string]knownvalue.Check{"count": knownvalue.Int64Exact(1)}),
			})),
			exactly("clusterlink_mirror_topics.of_link", "mirror_topics", knownvalue.ListExact([]knownvalue.Check{
				knownvalue.ObjectExact(map[string]knownvalue.Check{
					"link_name":          knownvalue.StringExact("demo-link"),
					"mirror_topic_name":  knownvalue.StringExact("orders"),
					"source_topic_name":  knownvalue.StringExact("orders"),
					"mirror_status":      knownvalue.StringExact("ACTIVE"),
					"mirror_topic_error": knownvalue.StringExact("NO_ERROR"),
					"num_partitions":     knownvalue.Int64Exact(1),
					"state_time":         knownvalue.NotNull(),
					"max_lag":            knownvalue.Int64Exact(0),
					"partitions": knownvalue.ListExact([]knownvalue.Check{knownvalue.ObjectExact(map[string]knownvalue.Check{
						"partition": knownvalue.Int64Exact(0), "lag": knownvalue.Int64Exact(0), "last_source_fetch_offset": knownvalue.Int64Exact(2),
					})}),
				}),
			})),
			exactly("clusterlink_mirror_topics.stopped", "mirror_topics", knownvalue.ListSizeExact(0)),
			exactly("clusterlink_topics.source", "topics", knownvalue.ListExact([]knownvalue.Check{topic("orders"), topic("payments")})),
			exactly("clusterlink_topics.orders", "topics", knownvalue.ListExact([]knownvalue.Check{topic("orders")})),
			exactly("clusterlink_topics.all", "topics", knownvalue.ListExact([]knownvalue.Check{topic("__internal")})),
		}},
	)
}
