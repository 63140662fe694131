package kafkarest

import (
	"errors"
	"io"
	"mime"
	"net/http"
)

// maxErrorBytes is how much of a refusal's body is read, and how much of what
// is left of any body, so that its connection can be used again.
const maxErrorBytes = 64 << 10

// reply is what came of one attempt.
type reply struct {
	status int // 0: nothing came
	header http.Header
	body   []byte // of a refusal
	err    error  // the request failed, or a successful reply could not be read
	cutOff bool   // the latter, because it ended early
}

func (r reply) succeeded() bool {
	return r.status >= 200 && r.status <= 299
}

// exchange sends the request and reads its reply to the end.
func (c *Client) exchange(req *http.Request, decode func(io.Reader) error) reply {
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return reply{err: err}
	}
	defer drain(resp.Body)
	r := reply{status: resp.StatusCode, header: resp.Header}
	switch {
	case !r.succeeded():
		// What can be read of a refusal is enough.
		r.body, _ = io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	case isHTML(r.header) && !isEmpty(resp.Body):
		r.err = errors.New("a page of HTML, such as a proxy or a sign-in page sends; is rest_endpoint right?")
	case decode != nil:
		body := &bodyReader{r: resp.Body, left: c.bounds.replyBytes}
		r.err = decode(body)
		r.cutOff = r.err != nil && body.broken || errors.Is(r.err, io.ErrUnexpectedEOF)
		if errors.Is(r.err, io.EOF) {
			r.err = errors.New("it is empty")
		}
	}
	return r
}

func isHTML(header http.Header) bool {
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	return mediaType == "text/html"
}

// isEmpty reads a byte of a body, where there is one.
func isEmpty(body io.Reader) bool {
	n, _ := io.ReadFull(body, make([]byte, 1))
	return n == 0
}

func drain(body io.ReadCloser) {
	_, _ = io.Copy(io.Discard, io.LimitReader(body, maxErrorBytes))
	_ = body.Close()
}

// bodyReader fails, rather than ends, where a body is too large, and remembers
// whether the connection failed.
type bodyReader struct {
	r      io.Reader
	left   int64
	broken bool
}

func (b *bodyReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("it is larger than any answer of this API")
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	b.broken = b.broken || err != nil && err != io.EOF
	return n, err
}
