package linkconfig

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// SyntaxError is a mistake in a properties file.
type SyntaxError struct {
	Line   int // counted from 1
	Reason string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

const blanks = " \t\f"

// ParseProperties reads a Java properties file the way java.util.Properties
// does, from text rather than bytes. An error is a *SyntaxError. Half of a
// surrogate pair is one, since no string could hold it; and a lone backslash at
// the end is nothing, where Java makes an entry without key of it.
func ParseProperties(text string) (map[string]string, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	lines := strings.Split(text, "\n")
	properties := map[string]string{}
	for next := 0; next < len(lines); {
		line := joinLines(lines, next)
		next += 1 + len(line.joins)
		if line.text == "" {
			continue
		}
		keyEnd, valueStart := line.separator()
		key, err := line.unescape(0, keyEnd)
		if err != nil {
			return nil, err
		}
		value, err := line.unescape(valueStart, len(line.text))
		if err != nil {
			return nil, err
		}
		properties[key] = value
	}
	return properties, nil
}

// logicalLine is what one entry is written in: a line and those that continue it.
type logicalLine struct {
	text  string
	first int   // number of its first line
	joins []int // where in text each further line begins
}

// joinLines makes a logical line of the line at index first and those that
// continue it; one without text for a comment or a blank line. Comments are not
// continued, nor is a line with nothing before its backslash.
func joinLines(lines []string, first int) logicalLine {
	line := logicalLine{first: first + 1}
	var text strings.Builder
	for i, piece := range lines[first:] {
		piece = strings.TrimLeft(piece, blanks)
		if i == 0 && strings.IndexAny(piece, "#!") == 0 {
			break
		}
		if i > 0 {
			line.joins = append(line.joins, text.Len())
		}
		piece, continued := cutBackslash(piece)
		text.WriteString(piece)
		if !continued || text.Len() == 0 {
			break
		}
	}
	line.text = text.String()
	return line
}

// cutBackslash cuts the backslash that text ends in, unless another escapes it.
func cutBackslash(text string) (before string, found bool) {
	if backslashes := len(text) - len(strings.TrimRight(text, `\`)); backslashes%2 == 0 {
		return text, false
	}
	return text[:len(text)-1], true
}

// separator finds where the key ends and where the value starts: between them
// are blanks, with at most one '=' or ':' among them.
func (l logicalLine) separator() (keyEnd, valueStart int) {
	for keyEnd < len(l.text) && !strings.ContainsRune("=:"+blanks, rune(l.text[keyEnd])) {
		if l.text[keyEnd] == '\\' {
			keyEnd++
		}
		keyEnd++
	}
	value := strings.TrimLeft(l.text[keyEnd:], blanks)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blanks)
	}
	return keyEnd, len(l.text) - len(value)
}

var escapes = map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f'}

// unescape resolves the escapes between two offsets, neither of which is inside
// of one.
func (l logicalLine) unescape(from, to int) (string, error) {
	var text strings.Builder
	for i := from; i < to; i++ {
		if l.text[i] != '\\' {
			text.WriteByte(l.text[i])
			continue
		}
		i++
		if l.text[i] != 'u' {
			c, special := escapes[l.text[i]]
			if !special {
				c = l.text[i]
			}
			text.WriteByte(c)
			continue
		}
		r, length, reason := unicodeEscape(l.text[i-1 : to])
		if reason != "" {
			return "", &SyntaxError{Line: l.lineAt(i - 1), Reason: reason}
		}
		text.WriteRune(r)
		i += length - 2
	}
	return text.String(), nil
}

// lineAt tells the number of the line that an offset in the text comes from.
func (l logicalLine) lineAt(offset int) int {
	line := l.first
	for _, join := range l.joins {
		if join <= offset {
			line++
		}
	}
	return line
}

// unicodeEscape reads the \uXXXX that text starts with, or two that are the
// halves of a surrogate pair, and tells its length or what is wrong with it.
func unicodeEscape(text string) (r rune, length int, reason string) {
	const width = len(`\uXXXX`)
	r, ok := utf16Unit(text)
	if !ok {
		return 0, 0, `\u must be followed by four hexadecimal digits`
	}
	if !utf16.IsSurrogate(r) {
		return r, width, ""
	}
	low, _ := utf16Unit(text[width:])
	pair := utf16.DecodeRune(r, low)
	if pair == utf8.RuneError {
		return 0, 0, `\u stands for half of a surrogate pair, and the other half is not beside it`
	}
	return pair, 2 * width, ""
}

func utf16Unit(text string) (unit rune, ok bool) {
	digits, isEscape := strings.CutPrefix(text, `\u`)
	if !isEscape || len(digits) < 4 {
		return 0, false
	}
	number, err := strconv.ParseUint(digits[:4], 16, 16)
	return rune(number), err == nil
}

// Split parts settings into those that may be shown and those that are secrets.
func Split(settings map[string]string) (config, sensitive map[string]string) {
	config, sensitive = map[string]string{}, map[string]string{}
	for name, value := range settings {
		if IsSecret(name) {
			sensitive[name] = value
		} else {
			config[name] = value
		}
	}
	return config, sensitive
}
