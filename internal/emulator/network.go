package emulator

import (
	"net"
	"strings"
	"sync"
)

// Network lets clusters of one process find each other by bootstrap address, as the two halves of a
// source-initiated link must. Addresses are unique in a process, so the default network is shared by all
// clusters without harm; a network of one's own keeps clusters apart.
type Network struct {
	mu       sync.Mutex
	clusters map[string]*Cluster // by port
}

var processNetwork = NewNetwork()

// NewNetwork makes a network with no clusters.
func NewNetwork() *Network { return &Network{clusters: make(map[string]*Cluster)} }

func (n *Network) join(c *Cluster) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clusters[port(c.BootstrapServers())] = c
}

func (n *Network) leave(c *Cluster) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.clusters, port(c.BootstrapServers()))
}

// find returns the cluster behind one of the bootstrap servers, nil if there is none.
func (n *Network) find(bootstrapServers string) *Cluster {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, address := range strings.Split(bootstrapServers, ",") {
		if c := n.clusters[port(strings.TrimSpace(address))]; c != nil {
			return c
		}
	}
	return nil
}

// port tells clusters apart: all of them are on this machine's loopback, by whatever name.
func port(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
