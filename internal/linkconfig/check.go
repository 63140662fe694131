package linkconfig

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Check reports what is certainly wrong with the value of a setting, whatever
// the server: a boolean or number that is none, a number below its minimum, a
// word outside a closed set, filters of the wrong shape. Nothing is held against
// a setting that is not known. Errors do not repeat the value, as it may be
// a secret that was written in the wrong place.
func Check(name, value string) error {
	setting, _ := Lookup(name)
	switch {
	case setting.Type == Boolean:
		return checkBoolean(value)
	case setting.Type == Number:
		return checkNumber(value, setting.Min)
	case setting.Type == JSON:
		return checkFilters(name, value)
	case setting.Values != nil:
		return checkWord(strings.TrimSpace(value), setting.Values)
	}
	return nil
}

func checkBoolean(value string) error {
	if _, ok := parseBoolean(value); !ok {
		return errors.New("must be true or false")
	}
	return nil
}

func checkNumber(value string, least int64) error {
	number, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil {
		return errors.New("must be a whole number")
	}
	if least != 0 && number < least {
		return fmt.Errorf("must be at least %d", least)
	}
	return nil
}

// checkWord takes a word in any case: servers take some in lower case too, as in
// the "any" of ACL filters.
func checkWord(value string, allowed []string) error {
	if !slices.ContainsFunc(allowed, func(word string) bool { return strings.EqualFold(word, value) }) {
		return fmt.Errorf("must be %s", alternatives(allowed))
	}
	return nil
}

// parseBoolean reads a boolean as Kafka does: in any case, blanks around it
// ignored, and no other words.
func parseBoolean(value string) (parsed, ok bool) {
	value = strings.TrimSpace(value)
	isTrue := strings.EqualFold(value, "true")
	return isTrue, isTrue || strings.EqualFold(value, "false")
}

// alternatives joins words for a person: "A", "A or B", "A, B or C".
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Equal reports whether two values of a setting mean the same: booleans in any
// case, lists with any blanks around their commas, filters however they are
// laid out and in whatever order. All else is compared as text.
func Equal(name, a, b string) bool {
	if a == b {
		return true
	}
	setting, _ := Lookup(name)
	switch setting.Type {
	case Boolean:
		x, okX := parseBoolean(a)
		y, okY := parseBoolean(b)
		return okX && okY && x == y
	case List:
		return slices.Equal(listItems(a), listItems(b))
	case JSON:
		x, okX := canonicalFilters(a)
		y, okY := canonicalFilters(b)
		return okX && okY && x == y
	}
	return false
}

func listItems(value string) []string {
	items := strings.Split(value, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	return items
}
