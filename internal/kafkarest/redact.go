package kafkarest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const redacted = "(redacted)"

// redact removes secrets from a text that a server, or a library, wrote: some
// servers repeat the request in their errors.
func redact(text string, secrets []string) string {
	var forms []string
	for _, secret := range secrets {
		forms = append(forms, formsOf(secret)...)
	}
	// Longest first, so that no part of one is left by a shorter one inside it.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, redacted)
	}
	return text
}

var (
	quotedPassword = regexp.MustCompile(`(?i)(?:password|secret)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')`)
	unescapeJAAS   = regexp.MustCompile(`\\(.)`)
)

// formsOf lists the ways in which a secret may be repeated: as it is, inside
// JSON or a URL, line by line (PEM), and the password of a JAAS line alone.
func formsOf(secret string) []string {
	parts := []string{secret}
	if lines := strings.Split(secret, "\n"); len(lines) > 1 {
		for _, line := range lines {
			if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
				parts = append(parts, line)
			}
		}
	}
	for _, match := range quotedPassword.FindAllStringSubmatch(secret, -1) {
		password := match[1] + match[2]
		parts = append(parts, password, unescapeJAAS.ReplaceAllString(password, "$1"))
	}
	var forms []string
	for _, part := range parts {
		if part == "" {
			continue
		}
		quoted, _ := json.Marshal(part)
		forms = append(forms, part, strings.Trim(string(quoted), `"`), url.QueryEscape(part), url.PathEscape(part))
	}
	slices.Sort(forms)
	return slices.Compact(forms)
}

func ownSecrets(cfg Config) []string {
	var secrets []string
	for _, s := range []string{cfg.Password, cfg.Token, cfg.ClientKey} {
		if s != "" {
			secrets = append(secrets, s)
		}
	}
	if cfg.Password != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(cfg.Username+":"+cfg.Password)))
	}
	return secrets
}

// transportWords is the text of an error from net/http without the URL that it
// repeats; Error names the call itself.
func transportWords(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}
