package kafkarest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

func TestPaging(t *testing.T) {
	t.Parallel()
	elsewhere := serve(t, replies(jsonReply(200, `{"data": []}`)))
	const path = "/kafka/v3/clusters/lkc-1/links/l/mirrors"
	pages := []string{
		`{"metadata": {"next": "` + elsewhere.URL + `/internal/mirrors?page_token=a%2Bb"}, "data": [{"mirror_topic_name": "1"}]}`,
		`{"data": [], "metadata": {"next": "/relative?page_token=c&page_size=7&mirror_status=PAUSED"}}`,
		`{"data": [{"mirror_topic_name": "2"}, {"mirror_topic_name": "3"}], "metadata": {"next": "?page_token=d"}}`,
		`{"data": [{"mirror_topic_name": "4"}], "metadata": null}`,
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		replies(jsonReply(200, pages[n-1]))(w, r, n)
	})
	c := newTestClient(t, s.URL, func(c *Config) { c.Token = "tok" })
	mirrors, err := c.Mirrors(testContext(t), "l", "PAUSED")
	if err != nil {
		t.Fatal(err)
	}
	if want := []Mirror{{Name: "1"}, {Name: "2"}, {Name: "3"}, {Name: "4"}}; !reflect.DeepEqual(mirrors, want) {
		t.Errorf("%+v", mirrors)
	}
	want := []string{
		"GET " + path + "?mirror_status=PAUSED",
		"GET " + path + "?mirror_status=PAUSED&page_token=a%2Bb",
		"GET " + path + "?mirror_status=PAUSED&page_size=7&page_token=c",
		"GET " + path + "?mirror_status=PAUSED&page_size=7&page_token=d",
	}
	if !reflect.DeepEqual(s.lines(), want) {
		t.Errorf("%q", s.lines())
	}
	if elsewhere.count() != 0 {
		t.Errorf("%q went elsewhere", elsewhere.lines())
	}
}

func TestPagesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		next     []string
		requests int
	}{
		"the same page":    {[]string{"?page_token=a", "?page_token=a"}, 2},
		"a circle":         {[]string{"?page_token=a", "?page_token=b", "?page_token=a"}, 3},
		"the first page":   {[]string{"http://h/links"}, 1},
		"no address":       {[]string{"http://[/?page_token=a"}, 1},
		"not only a query": {[]string{"/page/2"}, 1},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
			next := test.next[min(n, len(test.next))-1]
			replies(jsonReply(200, fmt.Sprintf(`{"metadata": {"next": %q}, "data": [{"link_name": "l"}]}`, next)))(w, r, n)
		})
		links, err := newTestClient(t, s.URL).Links(testContext(t))
		if err == nil || !strings.Contains(err.Error(), "unexpected reply: metadata.next leads nowhere") || links != nil || s.count() != test.requests {
			t.Errorf("%s: %v, %v after %d requests", name, links, err, s.count())
		}
	}
}

func TestErrorOnPage2(t *testing.T) {
	t.Parallel()
	first := jsonReply(200, `{"metadata": {"next": "?page_token=a"}, "data": [{"topic_name": "1"}]}`)
	s := serve(t, replies(first, reply{status: 503}, jsonReply(200, `{"data": [{"topic_name": "2"}]}`)))
	topics, err := newTestClient(t, s.URL).Topics(testContext(t))
	if err != nil || len(topics) != 2 || s.count() != 3 {
		t.Errorf("%v, %v after %d requests", topics, err, s.count())
	}
	s = serve(t, replies(first, jsonReply(403, `{"error_code": 40301, "message": "no"}`)))
	topics, err = newTestClient(t, s.URL).Topics(testContext(t))
	if !errors.Is(err, ErrForbidden) || topics != nil || !strings.Contains(err.Error(), "/topics?page_token=a: 403") {
		t.Errorf("%v, %v", topics, err)
	}
}

// manyMirrors is the text of a list of mirror topics, made while it is read.
type manyMirrors struct {
	rows, partitions int
	row              int
	rest             string
	bytes            int
}

func (m *manyMirrors) Read(p []byte) (int, error) {
	if m.rest == "" {
		switch {
		case m.row > m.rows:
			return 0, io.EOF
		case m.row == m.rows:
			m.rest = `{}], "metadata": {"self": "x", "next": null}}`
		case m.row == 0:
			m.rest = `{"kind": "KafkaMirrorDataList", "data": [` + m.text()
		default:
			m.rest = m.text()
		}
		m.row++
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	m.bytes += n
	return n, nil
}

func (m *manyMirrors) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"kind": "KafkaMirrorData", "metadata": {"self": "https://rest.example.com/kafka/v3/clusters/lkc-1/links/l/mirrors/topic-%06d"}, `+
		`"link_name": "demo-link", "mirror_topic_name": "topic-%06d", "source_topic_name": "topic-%06d", "mirror_status": "ACTIVE", "num_partitions": %d, `+
		`"state_time_ms": 1700000000000, "mirror_topic_error": "NO_ERROR", "mirror_lags": [`, m.row, m.row, m.row, m.partitions)
	for i := range m.partitions {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{"partition": %d, "lag": 123456, "last_source_fetch_offset": 987654321}`, i)
	}
	b.WriteString("]}, ")
	return b.String()
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// peakReader notes how much is in use while it is read.
type peakReader struct {
	io.Reader
	reads int
	peak  uint64
}

func (r *peakReader) Read(p []byte) (int, error) {
	if r.reads++; r.reads%400 == 0 {
		r.peak = max(r.peak, heap())
	}
	return r.Reader.Read(p)
}

// A list takes no more memory while it is read than its rows and one row's
// text: it is not parallel, since it measures the whole process.
func TestLargeListIsStreamed(t *testing.T) {
	text := &manyMirrors{rows: 10_000, partitions: 12}
	reader := &peakReader{Reader: text}
	before := heap()
	var p page[Mirror]
	if err := p.decode(reader); err != nil {
		t.Fatal(err)
	}
	size := heap() - before
	peak := reader.peak - before
	if len(p.rows) != 10_001 || len(p.rows[9999].Lags) != 12 || p.rows[9999].Name != "topic-009999" {
		t.Fatalf("%d rows", len(p.rows))
	}
	t.Logf("%d KiB of text, %d KiB of rows, %d KiB at most", text.bytes>>10, size>>10, peak>>10)
	// Growing the slice of rows holds it twice for a moment.
	if peak > 2*size || int(size) > text.bytes {
		t.Errorf("%d bytes of text took up to %d bytes for a result of %d", text.bytes, peak, size)
	}
	runtime.KeepAlive(p)
}

func BenchmarkLargeList(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var p page[Mirror]
		text := &manyMirrors{rows: 10_000, partitions: 12}
		if err := p.decode(text); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(text.bytes))
	}
}
