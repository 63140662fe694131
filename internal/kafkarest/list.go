package kafkarest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// list carries out a list call below /clusters/{id} and returns its rows.
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
	for {
		var page page[T]
		err := c.send(ctx, cl, func(body io.Reader) (err error) {
			page, err = decodePage[T](body)
			return err
		})
		if err != nil {
			return nil, err
		}
		rows = append(rows, page.rows...)
		if page.next == "" {
			return rows, nil
		}
		next, err := url.Parse(page.next)
		if err != nil || next.RawQuery == "" || seen[next.RawQuery] {
			return nil, fmt.Errorf("%s %s: the server's metadata.next leads nowhere", cl.method, cl.path)
		}
		seen[next.RawQuery] = true
		cl.query = next.Query()
	}
}

type page[T any] struct {
	rows []T
	next string
}

// decodePage reads {"metadata": {"next": …}, "data": [row, …]} row by row, so
// that a large list is never held as text.
func decodePage[T any](r io.Reader) (page[T], error) {
	var p page[T]
	dec := json.NewDecoder(r)
	if err := expect(dec, '{'); err != nil {
		return p, err
	}
	hasData := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return p, err
		}
		switch key {
		case "data":
			hasData = true
			p.rows, err = decodeRows[T](dec)
		case "metadata":
			var metadata struct {
				Next string `json:"next"`
			}
			err = dec.Decode(&metadata)
			p.next = metadata.Next
		default:
			err = dec.Decode(&json.RawMessage{})
		}
		if err != nil {
			return p, err
		}
	}
	if !hasData {
		// Taken for an empty list, this would make everything look deleted.
		return p, errors.New("it holds no data")
	}
	return p, expect(dec, '}')
}

func decodeRows[T any](dec *json.Decoder) ([]T, error) {
	if err := expect(dec, '['); err != nil {
		return nil, err
	}
	var rows []T
	for dec.More() {
		var row T
		if err := dec.Decode(&row); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, expect(dec, ']')
}

func expect(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%q where %q should be", fmt.Sprint(got), want.String())
	}
	return nil
}
