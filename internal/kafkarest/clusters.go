package kafkarest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ClusterChoiceError says that GET /clusters did not list exactly one cluster.
type ClusterChoiceError struct {
	Clusters []string
}

func (e *ClusterChoiceError) Error() string {
	if len(e.Clusters) == 0 {
		return "the endpoint lists no cluster; set cluster_id"
	}
	return "the endpoint lists several clusters; set cluster_id to one of: " + strings.Join(e.Clusters, ", ")
}

// ClusterID returns the id of the cluster behind the endpoint: the configured
// one, or the only one that GET /clusters lists. It is asked for once: callers
// that come together share one answer, and only success is kept.
func (c *Client) ClusterID(ctx context.Context) (string, error) {
	if id := c.clusterID.Load(); id != nil {
		return *id, nil
	}
	shared := c.discovery.DoChan("", func() (any, error) {
		// One caller that gives up is no reason for the others to fail.
		return c.discoverCluster(context.WithoutCancel(ctx))
	})
	select {
	case <-ctx.Done():
		return "", fmt.Errorf("discover the cluster id: GET /clusters is not answered yet: %w", ctx.Err())
	case result := <-shared:
		id, _ := result.Val.(string)
		return id, result.Err
	}
}

func (c *Client) discoverCluster(ctx context.Context) (string, error) {
	if id := c.clusterID.Load(); id != nil {
		return *id, nil
	}
	clusters, err := listRows[struct {
		ID string `json:"cluster_id"`
	}](ctx, c, call{method: http.MethodGet, path: "/clusters"})
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnsupported) {
		// Not wrapped: this says nothing of the object that the caller asks for.
		return "", fmt.Errorf("the endpoint does not list its cluster; set cluster_id: %v", err)
	}
	if err != nil {
		return "", fmt.Errorf("discover the cluster id: %w", err)
	}
	choice := &ClusterChoiceError{}
	for _, cluster := range clusters {
		if cluster.ID != "" {
			choice.Clusters = append(choice.Clusters, cluster.ID)
		}
	}
	if len(choice.Clusters) != 1 {
		return "", choice
	}
	c.clusterID.Store(&choice.Clusters[0])
	return choice.Clusters[0], nil
}
