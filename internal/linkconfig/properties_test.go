package linkconfig

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// What java.util.Properties makes of each text was looked up with Java 17.
func TestParseProperties(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want map[string]string
	}{
		{"", map[string]string{}},
		{"a=b", map[string]string{"a": "b"}},
		{"a=b\nc=d\n", map[string]string{"a": "b", "c": "d"}},
		{"a=b\r\nc=d\re=f", map[string]string{"a": "b", "c": "d", "e": "f"}},
		{"a=1\na=2", map[string]string{"a": "2"}},

		// separators
		{"a:b", map[string]string{"a": "b"}},
		{"a b", map[string]string{"a": "b"}},
		{"a\tb", map[string]string{"a": "b"}},
		{"  a \t= \f b  ", map[string]string{"a": "b  "}}, // blanks at the end count
		{"a = = b", map[string]string{"a": "= b"}},
		{"a : = b", map[string]string{"a": "= b"}},
		{"a=:b", map[string]string{"a": ":b"}},
		{"a b=c", map[string]string{"a": "b=c"}},
		{"a", map[string]string{"a": ""}},
		{"a=", map[string]string{"a": ""}},
		{"=b", map[string]string{"": "b"}},
		{"a\u00a0b\v=c", map[string]string{"a\u00a0b\v": "c"}}, // no blanks to Java
		{"a=b\u2028c", map[string]string{"a": "b\u2028c"}},     // no line break to Java

		// comments
		{"# a=b\n ! c=d\n\n \t\f\ne=f#g", map[string]string{"e": "f#g"}},
		{"# a\\\nb=c", map[string]string{"b": "c"}},
		{"a=b\\\n#c", map[string]string{"a": "b#c"}},
		{"a #b", map[string]string{"a": "#b"}},
		{"\\#a=b", map[string]string{"#a": "b"}},

		// continued lines
		{"a=b,\\\n    c", map[string]string{"a": "b,c"}},
		{"a=b\\\r\n\t c", map[string]string{"a": "bc"}},
		{"a=b\\\rc", map[string]string{"a": "bc"}},
		{"k\\\n  ey=v", map[string]string{"key": "v"}},
		{"a\\\n=b", map[string]string{"a": "b"}},
		{"a=b\\\n\nc=d", map[string]string{"a": "b", "c": "d"}},
		{"a=b\\\\\nc=d", map[string]string{"a": "b\\", "c": "d"}},
		{"a=b\\\\\\\nc", map[string]string{"a": "b\\c"}},
		{"a=b\\", map[string]string{"a": "b"}},
		{"a=b\\\n", map[string]string{"a": "b"}},
		{"a=b\\\n\\\nc", map[string]string{"a": "bc"}},
		{"\\\n# no comment is continued\na=b", map[string]string{"a": "b"}},
		{"\\\n\n  a=b", map[string]string{"a": "b"}},
		{"\\", map[string]string{}}, // Java: an entry without key

		// escapes
		{`a=\t\n\r\f`, map[string]string{"a": "\t\n\r\f"}},
		{`a=\q\:\=\"\'\\\é`, map[string]string{"a": `q:="'\é`}},
		{`a\=b\:c\ d=e`, map[string]string{"a=b:c d": "e"}},
		{`a\\=b`, map[string]string{`a\`: "b"}},
		{`a=\ b`, map[string]string{"a": " b"}},
		{`a=\u0041\u00e9\u20AC`, map[string]string{"a": "Aé€"}},
		{`\u0061\u003d=b`, map[string]string{"a=": "b"}},
		{`a=\ud83d\ude00!`, map[string]string{"a": "😀!"}},
		{"a=\\ud83d\\\n  \\ude00", map[string]string{"a": "😀"}},
		{"a=\\u00\\\n  41", map[string]string{"a": "A"}},
		{`a=\u000a\u005cn`, map[string]string{"a": "\n\\n"}},
		{`a=\uFFFD\uffff`, map[string]string{"a": "\uFFFD\uFFFF"}},
		{`a=\U0041`, map[string]string{"a": "U0041"}},
		{`a=\\u00zz`, map[string]string{"a": `\u00zz`}},

		// nothing is expanded
		{"a=${b}", map[string]string{"a": "${b}"}},
		{
			"bootstrap.servers=broker.example.com:9092\n" +
				"sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n" +
				"  username='user' password='pa=ss: word';\n",
			map[string]string{
				"bootstrap.servers": "broker.example.com:9092",
				"sasl.jaas.config":  "org.apache.kafka.common.security.plain.PlainLoginModule required username='user' password='pa=ss: word';",
			},
		},
	} {
		got, err := ParseProperties(test.text)
		if err != nil || !maps.Equal(got, test.want) {
			t.Errorf("ParseProperties(%q) = %q, %v, want %q", test.text, got, err, test.want)
		}
	}
}

func TestParsePropertiesErrors(t *testing.T) {
	t.Parallel()
	const digits, half = "four hexadecimal digits", "half of a surrogate pair"
	for _, test := range []struct {
		text   string
		line   int
		reason string
	}{
		{`a=\u`, 1, digits},
		{`a=\u12`, 1, digits},
		{`a=\u12\u0041`, 1, digits},
		{`a=\u00zz`, 1, digits},
		{`a=\u+041`, 1, digits},
		{`a=\u004é`, 1, digits},
		{`\u00=41`, 1, digits}, // the key ends before the '='
		{"a=b\n# \\u00\n\nc=d\n\te=\\uxxxx", 5, digits},
		{"a=b\r\nc=\\uxxxx\r\n", 2, digits},
		{"a=b\rc=\\uxxxx", 2, digits},
		{"a=b\nc=d\\\n  e\\\n  \\uxxxx\\\n  f", 4, digits},
		{"a=b\\\n  c\nd=\\uxxxx", 3, digits},
		{"k\\uxxxx\\\n  ey=v", 1, digits},
		{"a=\\\n\\u00\\\n  4", 2, digits},
		{`a=\ud83d`, 1, half},
		{`a=\ud83d!`, 1, half},
		{"a=1\nb=\\ude00\\ud83d", 2, half},
		{`a=\ud83d\u0041`, 1, half},
		{`a=\ud83d\uzzzz`, 1, half},
	} {
		got, err := ParseProperties(test.text)
		var syntax *SyntaxError
		if got != nil || !errors.As(err, &syntax) {
			t.Errorf("ParseProperties(%q) = %q, %v, want a SyntaxError", test.text, got, err)
			continue
		}
		if syntax.Line != test.line || !strings.Contains(syntax.Reason, test.reason) {
			t.Errorf("ParseProperties(%q): %v, want line %d, %q", test.text, err, test.line, test.reason)
		}
		if want := fmt.Sprintf("line %d: ", test.line); !strings.HasPrefix(err.Error(), want) {
			t.Errorf("ParseProperties(%q): %v does not begin with %q", test.text, err, want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	config, sensitive := Split(map[string]string{
		"bootstrap.servers":           "broker.example.com:9092",
		"link.mode":                   "DESTINATION",
		"sasl.jaas.config":            "jaas",
		"local.ssl.keystore.password": "password",
	})
	if want := map[string]string{"bootstrap.servers": "broker.example.com:9092", "link.mode": "DESTINATION"}; !maps.Equal(config, want) {
		t.Errorf("config %v, want %v", config, want)
	}
	if want := map[string]string{"sasl.jaas.config": "jaas", "local.ssl.keystore.password": "password"}; !maps.Equal(sensitive, want) {
		t.Errorf("sensitive %v, want %v", sensitive, want)
	}
	if config, sensitive := Split(nil); config == nil || sensitive == nil {
		t.Error("Split(nil) returns a nil map")
	}
}

// FuzzParseProperties writes what it read out again, every character in one of
// the ways to escape it, and reads it back.
func FuzzParseProperties(f *testing.F) {
	f.Add("# comment\r\n! comment\n k\\:ey \t= \\ud83d\\ude00 \\\n\tvalue\\t\\q\n\\\n=\n")
	f.Add("a=\\u00\\\n41\\\\\\\n\nb:c=d\re f\f")
	f.Add("a=\\ud83d")
	f.Fuzz(func(t *testing.T, text string) {
		properties, err := ParseProperties(text)
		if err != nil {
			checkSyntaxError(t, text, err)
			return
		}
		if !utf8.ValidString(text) {
			return
		}
		var written strings.Builder
		for name, value := range properties {
			fmt.Fprintf(&written, " %s\t:%s\r\n", escaped(name), escaped(value))
		}
		again, err := ParseProperties(written.String())
		if err != nil || !maps.Equal(again, properties) {
			t.Errorf("%q, written as %q, reads back as %q, %v", properties, written.String(), again, err)
		}
	})
}

func checkSyntaxError(t *testing.T, text string, err error) {
	t.Helper()
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Line > len(lines) {
		t.Fatalf("ParseProperties(%q): %v", text, err)
	}
	if !strings.Contains(lines[syntax.Line-1], `\u`) {
		t.Errorf("ParseProperties(%q): %v, but there is no \\u in that line", text, err)
	}
}

func escaped(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch i := strings.IndexRune("\t\n\r\f", r); {
		case i >= 0:
			out.WriteString(`\` + "tnrf"[i:i+1])
		case r < ' ' || r > '~':
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		case strings.ContainsRune("tnrfu", r):
			out.WriteRune(r)
		default:
			out.WriteString(`\` + string(r))
		}
	}
	return out.String()
}
