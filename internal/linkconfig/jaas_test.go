package linkconfig

import (
	"strings"
	"testing"
)

func TestJAAS(t *testing.T) {
	t.Parallel()
	const plain = "org.apache.kafka.common.security.plain.PlainLoginModule required "
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required "
	for _, test := range []struct{ mechanism, username, password, want string }{
		{"PLAIN", "u", "p", plain + `username="u" password="p";`},
		{"SCRAM-SHA-256", "u", "p", scram + `username="u" password="p";`},
		{"SCRAM-SHA-512", "u", "p", scram + `username="u" password="p";`},
		{"PLAIN", `d\u`, `a"b\"c\`, plain + `username="d\\u" password="a\"b\\\"c\\";`},
		{"PLAIN", "", "", plain + `username="" password="";`},
		{"PLAIN", "u'", "p; é$${}", plain + `username="u'" password="p; é$${}";`},
	} {
		got, err := JAAS(test.mechanism, test.username, test.password)
		if err != nil || got != test.want {
			t.Errorf("JAAS(%q, %q, %q) = %s, %v, want %s", test.mechanism, test.username, test.password, got, err, test.want)
		}
	}
}

func TestJAASErrors(t *testing.T) {
	t.Parallel()
	const mechanisms = "SASL mechanism must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
	for _, test := range []struct{ mechanism, username, password, want string }{
		{"GSSAPI", "u", "Hunter2", mechanisms},
		{"plain", "u", "Hunter2", mechanisms},
		{"", "u", "Hunter2", mechanisms},
		{"PLAIN", "u", "Hunter2\n", "the password must not hold a line break"},
		{"PLAIN", "u\r\n", "Hunter2", "the username must not hold a line break"},
	} {
		got, err := JAAS(test.mechanism, test.username, test.password)
		if got != "" || errorText(err) != test.want {
			t.Errorf("JAAS(%q, %q, %q) = %s, %v, want %s", test.mechanism, test.username, test.password, got, err, test.want)
		}
	}
}

// What Kafka makes of each line was looked up with Java 17's StreamTokenizer.
func TestParseJAAS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ line, username, password string }{
		{`org.example.M required username="u" password="p";`, "u", "p"},
		{`org.example.M required username='u' password='p';`, "u", "p"},
		{"  org.example.M\trequired\n  password = 'p'\n  username = u ;\n", "u", "p"},
		{`M required username="u"password="p";`, "u", "p"},
		{`M sufficient serviceName=kafka username="u" x="password='no'" password="p";`, "u", "p"},
		{`M required username="a" username="u" password="";`, "u", ""},
		{`M required username="it's" password='"';`, "it's", `"`},
		{`M required username="\"\\\'" password='\'';`, `"\'`, "'"},
		{`M required username="u" password="=; username=\"no\"";`, "u", `=; username="no"`},
		{`M required username="\t\n\b" password="\q\101\7\8";`, "\t\n\b", "qA\a8"},
		{`M required username="\400" password="\0é😀\é";`, " 0", "\x00é😀é"},
	} {
		username, password, err := ParseJAAS(test.line)
		if err != nil || username != test.username || password != test.password {
			t.Errorf("ParseJAAS(%q) = %q, %q, %v, want %q, %q", test.line, username, password, err, test.username, test.password)
		}
	}
}

func TestParseJAASErrors(t *testing.T) {
	t.Parallel()
	const form = `not of the form: LoginModule required username="..." password="...";`
	const missing = "username or password is missing"
	for line, want := range map[string]string{
		"":        form,
		"Hunter2": form,
		`M required username="u" password="Hunter2"`:      form,
		`M required username="u" password="Hunter2;`:      form,
		`M required username="u" password='Hunter2";`:     form,
		"M required username=\"u\" password=\"Hun\nt\";":  form,
		`username="u" password="Hunter2";`:                form,
		`M required username="u";`:                        missing,
		`M required password="Hunter2";`:                  missing,
		`M required clientId="u" clientSecret="Hunter2";`: missing,
		`M required;`: missing,
	} {
		username, password, err := ParseJAAS(line)
		if username != "" || password != "" || errorText(err) != want {
			t.Errorf("ParseJAAS(%q) = %q, %q, %v, want %s", line, username, password, err, want)
		}
	}
}

func FuzzJAAS(f *testing.F) {
	f.Add("PLAIN", "user", "pa ss")
	f.Add("SCRAM-SHA-256", `d\u`, `a"b\"c\`)
	f.Add("SCRAM-SHA-512", `\101`, `"; username="x`)
	f.Add("PLAIN", "u", "p\n")
	f.Fuzz(func(t *testing.T, mechanism, username, password string) {
		line, err := JAAS(mechanism, username, password)
		if err != nil {
			if _, known := loginModules[mechanism]; known && !strings.ContainsAny(username+password, "\r\n") {
				t.Errorf("JAAS(%q, %q, %q): %v", mechanism, username, password, err)
			}
			_, _, _ = ParseJAAS(username + password)
			return
		}
		gotUsername, gotPassword, err := ParseJAAS(line)
		if err != nil || gotUsername != username || gotPassword != password {
			t.Errorf("%s reads back as %q, %q, %v", line, gotUsername, gotPassword, err)
		}
	})
}
