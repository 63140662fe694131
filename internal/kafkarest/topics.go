package kafkarest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Topic is a topic of the cluster.
type Topic struct {
	Name              string `json:"topic_name"`
	PartitionsCount   int64  `json:"partitions_count"`
	ReplicationFactor int64  `json:"replication_factor"`
	IsInternal        bool   `json:"is_internal"`
}

// Topics returns all topics of the cluster.
func (c *Client) Topics(ctx context.Context) ([]Topic, error) {
	topics, err := list[Topic](ctx, c, call{method: http.MethodGet, path: "/topics"})
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	return topics, nil
}

// Topic returns one topic, or ErrNotFound.
func (c *Client) Topic(ctx context.Context, name string) (*Topic, error) {
	topic, err := get[Topic](ctx, c, call{method: http.MethodGet, path: topicPath(name)})
	if err != nil {
		return nil, fmt.Errorf("get topic %q: %w", name, err)
	}
	return topic, nil
}

// DeleteTopic deletes a topic with all its records. A topic that is gone is ErrNotFound.
func (c *Client) DeleteTopic(ctx context.Context, name string) error {
	if err := c.do(ctx, call{method: http.MethodDelete, path: topicPath(name)}, nil); err != nil {
		return fmt.Errorf("delete topic %q: %w", name, err)
	}
	return nil
}

func topicPath(name string) string {
	return "/topics/" + url.PathEscape(name)
}
