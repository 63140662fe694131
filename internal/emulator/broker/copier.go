package broker

import "context"

// PartitionLag is how far a partition of a mirror topic is behind its source.
type PartitionLag struct {
	Partition int32
	// Lag is the source's end offset minus the mirror's, in offsets.
	Lag int64
	// LastSourceFetchOffset is the last offset fetched, -1 before the first.
	LastSourceFetchOffset int64
}

// Progress is what a Copier knows of one mirror topic.
type Progress struct {
	Lags          []PartitionLag // by partition
	SourceMissing bool           // the source has no such topic (any more)
	Err           *DialError     // the source cannot be reached, or not be read
}

// Copier (not copying yet: only its signatures are here) copies topics of one Remote to one Broker: same partitions, offsets,
// timestamps, keys, values and headers. One serves a cluster link.
type Copier struct{ dst *Broker }

func NewCopier(dst *Broker) *Copier { return &Copier{dst: dst} }

func (c *Copier) SetRemote(r *Remote) {}

func (c *Copier) Add(source, mirror string, partitions int32) {}

func (c *Copier) Remove(mirror string) {}

func (c *Copier) Pause(mirror string) {}

func (c *Copier) Resume(mirror string) {}

func (c *Copier) Progress(mirror string) Progress { return Progress{} }

func (c *Copier) Refresh(ctx context.Context, mirror string) (Progress, error) {
	return Progress{}, nil
}

func (c *Copier) Close() {}
