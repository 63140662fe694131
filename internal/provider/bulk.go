package provider

import (
	"bytes"
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/vmihailenco/msgpack/v5"
)

// bulk is a computed list of a data source that may be very long. The framework
// (as of v1.19) makes several trees of every value that it is given, and compares
// them: ten thousand mirror topics of twelve partitions would take 800 MB. A list
// that a data source puts here, and leaves null in its state, is written into the
// reply to Terraform as it is.
type bulk struct {
	attribute string
	rows      any // a slice of structs whose msgpack tags are the schema's attributes
}

type bulkKey struct{}

// setBulk makes rows the value of a data source's attribute. The context is that
// of its Read. Where the framework is not served by server, it returns false, and
// rows are to be set as any other value.
func setBulk(ctx context.Context, attribute string, rows any) bool {
	b, ok := ctx.Value(bulkKey{}).(*bulk)
	if ok {
		*b = bulk{attribute, rows}
	}
	return ok
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	b := &bulk{}
	resp, err := within(context.WithValue(ctx, bulkKey{}, b), req, s.frameworkServer.ReadDataSource)
	if err != nil || resp.State == nil || b.attribute == "" {
		return resp, err
	}
	resp.State.MsgPack, err = b.writeInto(resp.State.MsgPack)
	return resp, err
}

// writeInto sets the attribute in a state, an object in the encoding of the
// plugin protocol.
func (b *bulk) writeInto(state []byte) ([]byte, error) {
	var attributes map[string]msgpack.RawMessage
	if err := msgpack.Unmarshal(state, &attributes); err != nil {
		return nil, fmt.Errorf("the state of a data source: %w", err)
	}
	var rows bytes.Buffer
	encoder := msgpack.NewEncoder(&rows)
	encoder.UseCompactInts(true)
	if err := encoder.Encode(b.rows); err != nil {
		return nil, fmt.Errorf("attribute %s: %w", b.attribute, err)
	}
	attributes[b.attribute] = rows.Bytes()
	return msgpack.Marshal(attributes)
}
