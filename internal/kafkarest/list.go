package kafkarest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
)

// maxPages is far more than the topics of any cluster fill.
const maxPages = 10_000

// list carries out a GET below /clusters/{id} that is answered with a list.
func list[T any](ctx context.Context, c *Client, cl call) ([]T, error) {
	cl, err := c.inCluster(ctx, cl)
	if err != nil {
		return nil, err
	}
	return listRows[T](ctx, c, cl)
}

// listRows follows metadata.next until it is null. Of that address only the
// query is used: its host is the server's own idea of where it is, which may
// be an internal one, and no other host may see our credentials.
func listRows[T any](ctx context.Context, c *Client, cl call) ([]T, error) {
	var rows []T
	seen := map[string]bool{}
	for range maxPages {
		var page page[T]
		if err := c.send(ctx, cl, page.decode); err != nil {
			return nil, err
		}
		rows = append(rows, page.rows...)
		if page.next == "" {
			return rows, nil
		}
		seen[cl.query.Encode()] = true
		cl.query = nextQuery(cl.query, page.next)
		if seen[cl.query.Encode()] {
			break
		}
	}
	return nil, fmt.Errorf("%s %s: unexpected reply: metadata.next leads nowhere", cl.method, cl.target())
}

// nextQuery is the query of a list's next page: what was asked for, and what
// the server adds to it.
func nextQuery(query url.Values, next string) url.Values {
	merged := url.Values{}
	maps.Copy(merged, query)
	if address, err := url.Parse(next); err == nil {
		maps.Copy(merged, address.Query())
	}
	return merged
}

// page is one reply to a list call.
type page[T any] struct {
	rows []T
	next string
}

// decode reads {"metadata": {"next": …}, "data": [row, …]} row by row, so that
// a large list is never held as text.
func (p *page[T]) decode(r io.Reader) error {
	*p = page[T]{}
	dec := json.NewDecoder(r)
	if err := expect(dec, '{'); err != nil {
		return err
	}
	hasData := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "data":
			hasData = true
			p.rows, err = decodeRows[T](dec)
		case "metadata":
			p.next, err = decodeNext(dec)
		default:
			err = dec.Decode(&json.RawMessage{})
		}
		if err != nil {
			return cutShort(err)
		}
	}
	if err := expect(dec, '}'); err != nil {
		return cutShort(err)
	}
	if !hasData {
		// Taken for an empty list, this would make everything look deleted.
		return errors.New("it holds no data")
	}
	return nil
}

func decodeNext(dec *json.Decoder) (string, error) {
	var metadata struct {
		Next string `json:"next"`
	}
	err := dec.Decode(&metadata)
	return metadata.Next, err
}

func decodeRows[T any](dec *json.Decoder) ([]T, error) {
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	var rows []T
	for dec.More() {
		var row *T
		if err := dec.Decode(&row); err != nil {
			return nil, err
		}
		if row != nil {
			rows = append(rows, *row)
		}
	}
	return rows, expect(dec, ']')
}

func expect(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%.20q where %q should be", fmt.Sprint(got), want.String())
	}
	return nil
}

// cutShort tells an end inside a reply from an empty one.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
