package linkconfig

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	plainModule = "org.apache.kafka.common.security.plain.PlainLoginModule"
	scramModule = "org.apache.kafka.common.security.scram.ScramLoginModule"
)

var loginModules = map[string]string{
	"PLAIN":         plainModule,
	"SCRAM-SHA-256": scramModule,
	"SCRAM-SHA-512": scramModule,
}

var jaasEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// JAAS writes the value of sasl.jaas.config for one of the mechanisms PLAIN,
// SCRAM-SHA-256 and SCRAM-SHA-512. A line break in a username or password is an
// error: Kafka could not read the line, and it is most often the end of a file
// that was read whole. Errors hold neither username nor password.
func JAAS(mechanism, username, password string) (string, error) {
	module, known := loginModules[mechanism]
	if !known {
		return "", errors.New("SASL mechanism must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	}
	if strings.ContainsAny(username, "\r\n") {
		return "", errors.New("the username must not hold a line break")
	}
	if strings.ContainsAny(password, "\r\n") {
		return "", errors.New("the password must not hold a line break")
	}
	return fmt.Sprintf(`%s required username="%s" password="%s";`,
		module, jaasEscapes.Replace(username), jaasEscapes.Replace(password)), nil
}

const jaasOption = `\s*([\w.$-]+)\s*=\s*(?:"((?:[^"\\\r\n]|\\.)*)"|'((?:[^'\\\r\n]|\\.)*)'|([\w.$-]+))`

var (
	jaasOptions = regexp.MustCompile(jaasOption)
	jaasLine    = regexp.MustCompile(`^\s*[\w.$]+\s+\w+(?:` + jaasOption + `)*\s*;\s*$`)
	jaasEscape  = regexp.MustCompile(`\\(?:[0-3][0-7]{2}|[0-7]{1,2}|.)`)
)

// ParseJAAS reads username and password out of the value of sasl.jaas.config.
// Errors hold nothing of the line.
func ParseJAAS(line string) (username, password string, err error) {
	if !jaasLine.MatchString(line) {
		return "", "", errors.New(`not of the form: LoginModule required username="..." password="...";`)
	}
	options := map[string]string{}
	for _, match := range jaasOptions.FindAllStringSubmatch(line, -1) {
		quoted := match[2] + match[3]
		options[match[1]] = jaasEscape.ReplaceAllStringFunc(quoted, unescapeJAAS) + match[4]
	}
	username, hasUsername := options["username"]
	password, hasPassword := options["password"]
	if !hasUsername || !hasPassword {
		return "", "", errors.New("username or password is missing")
	}
	return username, password, nil
}

// unescapeJAAS resolves one escape as Java's StreamTokenizer does, which Kafka
// reads these lines with.
func unescapeJAAS(escape string) string {
	const letters, controls = "abfnrtv", "\a\b\f\n\r\t\v"
	if i := strings.Index(letters, escape[1:]); i >= 0 {
		return controls[i : i+1]
	}
	if octal, err := strconv.ParseUint(escape[1:], 8, 8); err == nil {
		return string(rune(octal))
	}
	return escape[1:]
}
