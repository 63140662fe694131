package broker

import (
	"reflect"
	"testing"
)

func TestParseJAAS(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]string{
		`m required username="u" password="p";`:                    {"username": "u", "password": "p"},
		"  m\tRequired \n username = 'u'\n password = 'p' ; ":      {"username": "u", "password": "p"},
		`m required username="a\"b\\c" password='it\'s "quoted"';`: {"username": `a"b\c`, "password": `it's "quoted"`},
		`m required password="=;#'\n";`:                            {"password": "=;#'\n"},
		`m required username=plain password=p-1_$.x;`:              {"username": "plain", "password": "p-1_$.x"},
		`m required username="" password=";";`:                     {"username": "", "password": ";"},
		`m optional;`:                                              {},
		``:                                                         nil,
		`m`:                                                        nil,
		`m required`:                                               nil,
		`m username="u";`:                                          nil,
		`m required username="u"`:                                  nil,
		`m required username="u`:                                   nil,
		`m required username="u\";`:                                nil,
		`m required username;`:                                     nil,
		`m required username=;`:                                    nil,
		`m required ="u";`:                                         nil,
		`m required username="u"; n;`:                              nil,
		`m required username="u" password;;`:                       nil,
	} {
		entry, err := parseJAAS(text)
		if (err == nil) != (want != nil) || err == nil && (entry.module != "m" || !reflect.DeepEqual(entry.options, want)) {
			t.Errorf("%s\ngives %+v, %v", text, entry, err)
		}
	}
}
