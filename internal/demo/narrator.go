package main

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// narrator prints what is done and what is seen.
type narrator struct {
	out   io.Writer
	color bool
	count int               // of steps that have begun
	began func(step string) // for tests, may be nil
}

func newNarrator(out io.Writer) *narrator {
	return &narrator{out: out, color: isTerminal(out) && os.Getenv("NO_COLOR") == ""}
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}

// The styles of text, as terminals are told them.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

func (n *narrator) styled(style, text string) string {
	if !n.color {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

func (n *narrator) title(text string) { n.printf("%s\n", n.styled(bold, text)) }

// say prints plain text of any number of lines.
func (n *narrator) say(text string) { n.printf("%s\n", text) }

// step begins the next step: what is done, and why.
func (n *narrator) step(what, why string) {
	n.count++
	n.printf("\n%s\n", n.styled(bold, fmt.Sprintf("%2d  %s", n.count, what)))
	n.indented(why, "")
	if n.began != nil {
		n.began(what)
	}
}

// ran prints a command line.
func (n *narrator) ran(command string) { n.indented("$ "+command, "") }

// quote prints what a program said.
func (n *narrator) quote(text string) { n.indented("  "+strings.ReplaceAll(text, "\n", "\n  "), dim) }

// saw ticks off something that was checked.
func (n *narrator) saw(format string, args ...any) {
	n.printf("    %s %s\n", n.styled(green, "✓"), fmt.Sprintf(format, args...))
}

// trouble tells of something that is not as it should be.
func (n *narrator) trouble(err error) {
	lines := strings.SplitN(err.Error(), "\n", 2)
	n.printf("    %s %s\n", n.styled(red, "✗"), lines[0])
	if len(lines) > 1 {
		n.quote(strings.Trim(lines[1], "\n"))
	}
}

func (n *narrator) indented(text, style string) {
	for _, line := range strings.Split(text, "\n") {
		n.printf("    %s\n", n.styled(style, line))
	}
}

// printf ignores that nobody may listen any more: the demo still has to clean up.
func (n *narrator) printf(format string, args ...any) { _, _ = fmt.Fprintf(n.out, format, args...) }
