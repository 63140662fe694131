package kafkarest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const redacted = "(redacted)"

const (
	// A value this short is redacted only where it stands alone, as "abc" in
	// password="abc"; one that is shorter than shortest never is: it keeps
	// nothing secret, and would riddle every text.
	short    = 8
	shortest = 3

	// Where there is more than this to look for, in bytes, all is hidden.
	maxSecrets = 32 << 10
)

// public are values that settings commonly have. Somebody may well call such a
// setting sensitive, but without these words no error can be read.
var public = strings.Fields(`
	true false null none http https
	plain gssapi oauthbearer scram-sha-256 scram-sha-512
	plaintext ssl sasl_plaintext sasl_ssl pem jks pkcs12 tlsv1.2 tlsv1.3
	inbound outbound source destination bidirectional earliest latest`)

// redactor removes secrets from texts that a server, or a library, wrote: some
// servers repeat the request in their errors.
type redactor struct {
	pattern *regexp.Regexp // of passwords, tokens, JAAS lines; nil: none
	pem     string         // the letters and digits of keys and certificates
}

func newRedactor(secrets []string) redactor {
	var r redactor
	var parts []string
	for _, secret := range secrets {
		if strings.Contains(secret, "-----BEGIN ") {
			r.pem += lettersOf(pemLabel.ReplaceAllString(secret, ""))
			continue
		}
		for _, part := range partsOf(secret) {
			if utf8.RuneCountInString(part) >= shortest && !slices.Contains(public, strings.ToLower(part)) {
				parts = append(parts, part)
			}
		}
	}
	r.pattern = patternOf(parts)
	return r
}

func (r redactor) redact(text string) string {
	if r.pem != "" {
		text = longRun.ReplaceAllStringFunc(text, r.redactRun)
	}
	if r.pattern != nil {
		text = r.pattern.ReplaceAllLiteralString(text, redacted)
	}
	return text
}

// How JSON, URLs and HTML may write a backslash, and any other character,
// where one of them is inside another too.
const (
	backslash = `(?:\\|%(?:25)*5[cC])`
	escaped   = backslash + `*(?:(?:%(?:25)*[[:xdigit:]]{2})+|&(?:amp;)*#?\w+;)|(?:` + backslash + `+u[[:xdigit:]]{4})+`
)

var (
	pemLabel  = regexp.MustCompile(`-----(?:BEGIN|END) [A-Z0-9 ]*-----`)
	noLetters = regexp.MustCompile(escaped + `|` + backslash + `+[nr]|[^A-Za-z0-9]`)
	longRun   = regexp.MustCompile(`(?:` + escaped + `|` + backslash + `+[nr/]|[A-Za-z0-9+/=\n])+`)
)

// lettersOf leaves out all that an encoding may change.
func lettersOf(text string) string {
	return noLetters.ReplaceAllString(text, "")
}

// redactRun hides a run of what may be base64 where a piece of it is a piece
// of a key or certificate, however it is broken into lines.
func (r redactor) redactRun(run string) string {
	const piece = 16
	letters := lettersOf(run)
	for i := 0; i+piece <= len(letters); i++ {
		if strings.Contains(r.pem, letters[i:i+piece]) {
			return redacted
		}
	}
	return run
}

var (
	jaasPassword = regexp.MustCompile(`(?i)(?:password|secret|token|assertion)["']?\s*[=:]\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))`)
	unescapeJAAS = regexp.MustCompile(`\\(.)`)
)

// partsOf lists what of a secret must not be repeated even alone: each line of
// it, and the password of a JAAS line.
func partsOf(secret string) []string {
	var parts []string
	for line := range strings.Lines(secret) {
		parts = append(parts, strings.TrimSpace(line))
	}
	for _, match := range jaasPassword.FindAllStringSubmatch(secret, -1) {
		password := match[1] + match[2] + match[3]
		parts = append(parts, password, unescapeJAAS.ReplaceAllString(password, "$1"))
	}
	return parts
}

// patternOf matches any of the parts, the longest first, so that no part of
// one is left by a shorter one inside it.
func patternOf(parts []string) *regexp.Regexp {
	if len(parts) == 0 {
		return nil
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	if len(strings.Join(parts, "")) > maxSecrets {
		return regexp.MustCompile(`(?s).+`)
	}
	var patterns []string
	for _, part := range slices.Compact(parts) {
		patterns = append(patterns, partPattern(part))
	}
	return regexp.MustCompile(strings.Join(patterns, "|"))
}

// wordOrOther splits a text into words, runs of white space, and single other characters.
var wordOrOther = regexp.MustCompile(`\w+|\s+|.`)

// partPattern matches a part in all the ways in which a text may write it: as
// it is, or with any character but letters and digits escaped.
func partPattern(part string) string {
	var b strings.Builder
	for _, word := range wordOrOther.FindAllString(part, -1) {
		first, _ := utf8.DecodeRuneInString(word)
		switch {
		case isWord(first):
			b.WriteString(word)
		case unicode.IsSpace(first):
			fmt.Fprintf(&b, `(?:[\s+]|%s+[nrt]|%s)+`, backslash, escaped)
		case first < utf8.RuneSelf:
			fmt.Fprintf(&b, `(?:%s*%s|%s)`, backslash, regexp.QuoteMeta(word), escaped)
		default: // also as what is left of it where a charset was mistaken
			fmt.Fprintf(&b, `(?:%s|[?\x{fffd}]+|%s)`, regexp.QuoteMeta(word), escaped)
		}
	}
	if utf8.RuneCountInString(part) >= short {
		return b.String()
	}
	return standsAlone(part, b.String())
}

// standsAlone demands that pattern is no part of a longer word. What precedes
// a word may be escaped, and then end in a letter or a digit.
func standsAlone(part, pattern string) string {
	if first, _ := utf8.DecodeRuneInString(part); isWord(first) {
		pattern = `(?:\b|` + escaped + `|` + backslash + `+[nrt])` + pattern
	}
	if last, _ := utf8.DecodeLastRuneInString(part); isWord(last) {
		pattern += `\b`
	}
	return pattern
}

// isWord is what \w and \b take for a character of a word.
func isWord(r rune) bool {
	return r == '_' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func ownSecrets(cfg Config) []string {
	secrets := []string{cfg.Password, cfg.Token, cfg.ClientKey}
	if cfg.Password != "" {
		basic := base64.RawStdEncoding.EncodeToString([]byte(cfg.Username + ":" + cfg.Password))
		secrets = append(secrets, basic)
	}
	return secrets
}
