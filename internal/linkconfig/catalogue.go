// Package linkconfig knows what the settings of a cluster link are: which there
// are, which of them are secrets, when two values mean the same, and how
// settings are written in properties files and JAAS lines. It knows nothing of
// Terraform and talks to no server.
package linkconfig

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Type tells how the value of a setting is read. All values are strings.
type Type int

// The types of settings. A Mode is one word out of Setting.Values.
const (
	String Type = iota
	Boolean
	Number
	List
	JSON
	Mode
)

// Setting is what is known of one link setting, as Confluent documents it for
// Confluent Platform and Confluent Cloud.
type Setting struct {
	Name            string
	Type            Type
	Default         string // meaningful where HasDefault is set, and may be empty then
	HasDefault      bool
	ReadOnlyOnCloud bool
	Secret          bool     // a server never shows its value
	Immutable       bool     // fixed when the link is created
	Min             int64    // smallest number a server takes, 0 where unknown
	Values          []string // the closed set of values, nil where it is open; case does not count
	EnabledBy       string   // for filters: the Boolean setting that needs them
}

// Lookup finds a setting by its exact name.
func Lookup(name string) (Setting, bool) {
	i, found := slices.BinarySearchFunc(catalogue, name, func(s Setting, name string) int {
		return strings.Compare(s.Name, name)
	})
	if !found {
		return Setting{}, false
	}
	return catalogue[i], true
}

// All returns every known setting, sorted by name.
func All() []Setting {
	return slices.Clone(catalogue)
}

// IsMode reports whether a setting is one of the two that say what a link is,
// rather than how it works.
func IsMode(name string) bool {
	return name == "link.mode" || name == "connection.mode"
}

// IsDefault reports whether value means the same as the default of a setting.
// It is false for settings that are unknown or have no default.
func IsDefault(name, value string) bool {
	setting, _ := Lookup(name)
	return setting.HasDefault && Equal(name, value, setting.Default)
}

// Endings of names, each a whole word or more, that stand for a secret.
var secretEndings = []string{
	"password", "passwd", "passphrase", "secret", "token", "credentials",
	"private.key", "secret.key", "access.key", "user.info",
}

// IsSecret reports whether the value of a setting must not be shown. A setting
// that is not known is judged by its last words: those of a known secret
// ("listener.name.external.ssl.keystore.key"), or one of a few that name
// secrets everywhere ("sasl.oauthbearer.client.credentials.client.secret").
func IsSecret(name string) bool {
	if setting, known := Lookup(name); known {
		return setting.Secret
	}
	name = "." + dotted(name)
	endsIn := func(words string) bool { return strings.HasSuffix(name, "."+words) }
	return slices.ContainsFunc(secretEndings, endsIn) ||
		slices.ContainsFunc(catalogue, func(s Setting) bool { return s.Secret && endsIn(s.Name) })
}

// Nearest finds the known setting that a mistyped name was most likely meant to
// be: at most three letters away, and not more than a third of the name.
func Nearest(name string) (string, bool) {
	name = dotted(name)
	nearest, least := "", min(3, len(name)/3)+1
	for _, setting := range catalogue {
		if distance := levenshtein.Distance(name, setting.Name, nil); distance < least {
			nearest, least = setting.Name, distance
		}
	}
	return nearest, nearest != ""
}

// dotted writes a name the way Kafka does: in lower case, words joined by dots.
func dotted(name string) string {
	return strings.NewReplacer("_", ".", "-", ".").Replace(strings.ToLower(name))
}
