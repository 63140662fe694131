package broker

import (
	"errors"
	"fmt"
	"strings"
)

// jaasEntry is one login module of a JAAS configuration, as in the setting
// sasl.jaas.config: `module flag name="value" …;`.
type jaasEntry struct {
	module  string
	options map[string]string
}

// parseJAAS reads a sasl.jaas.config. Values are words or quoted, with double
// or single quotes, and a backslash before the next character; the semicolon
// ends the entry and must be the last thing. Errors never show the values.
func parseJAAS(text string) (jaasEntry, error) {
	tokens, err := jaasTokens(text)
	if err != nil {
		return jaasEntry{}, err
	}
	if len(tokens) < 3 || tokens[0].symbol() {
		return jaasEntry{}, errors.New("login module, control flag and options expected")
	}
	switch strings.ToLower(tokens[1].text) {
	case "required", "requisite", "sufficient", "optional":
	default:
		return jaasEntry{}, errors.New("control flag expected after the login module")
	}
	entry := jaasEntry{module: tokens[0].text, options: make(map[string]string)}
	tokens = tokens[2:]
	for !tokens[0].is(';') {
		if len(tokens) < 4 || tokens[0].symbol() || !tokens[1].is('=') || tokens[2].symbol() {
			return jaasEntry{}, fmt.Errorf("option %d: name=value expected, and a semicolon at the end", len(entry.options)+1)
		}
		entry.options[tokens[0].text] = tokens[2].text
		tokens = tokens[3:]
	}
	if len(tokens) > 1 {
		return jaasEntry{}, errors.New("nothing may follow the semicolon")
	}
	return entry, nil
}

// jaasToken is a word, a quoted text, or one of the symbols = and ;.
type jaasToken struct {
	text   string
	quoted bool
}

func (t jaasToken) is(symbol byte) bool { return !t.quoted && t.text == string(symbol) }
func (t jaasToken) symbol() bool        { return t.is('=') || t.is(';') }

func jaasTokens(text string) ([]jaasToken, error) {
	var tokens []jaasToken
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		switch text[0] {
		case '"', '\'':
			value, rest, err := jaasQuoted(text)
			if err != nil {
				return nil, err
			}
			tokens, text = append(tokens, jaasToken{text: value, quoted: true}), rest
		case '=', ';':
			tokens, text = append(tokens, jaasToken{text: text[:1]}), text[1:]
		default:
			end := strings.IndexAny(text, "=;\"' \t\r\n")
			if end < 0 {
				end = len(text)
			}
			tokens, text = append(tokens, jaasToken{text: text[:end]}), text[end:]
		}
	}
	return tokens, nil
}

// jaasQuoted reads the quoted value that text begins with. Of the escapes that
// stand for another character only \n, \r and \t are known.
func jaasQuoted(text string) (value, rest string, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case c == text[0]:
			return b.String(), text[i+1:], nil
		case c == '\\' && i+1 < len(text):
			i++
			switch c = text[i]; c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			}
		}
		b.WriteByte(c)
	}
	return "", "", errors.New("a quoted value does not end")
}
