package theme

import (
	"strconv"
	"strings"
)

// Telling is how a terminal passes a text on to the desktop.
type Telling uint8

// The ways. A terminal that knows none of them might write the text on the screen, so none is the answer in doubt.
const (
	Untold Telling = iota
	OSC9           // iTerm2's
	OSC777         // urxvt's
)

// program is a terminal that is known by its name.
type program struct {
	name    string // as it begins, in small letters
	telling Telling
	bar     string // from this version on OSC 9;4 is a progress bar; "0": always; empty: never known to be
}

// programs is what is known. A terminal where OSC 9;4 would pop up as a notification has no bar: older iTerm2 and
// WezTerm, kitty, foot.
var programs = []program{
	{"iterm", OSC9, "3.6.6"},
	{"wezterm", OSC9, "20250209"},
	{"ghostty", OSC9, "0"},
	{"kitty", OSC9, ""},
	{"xterm-kitty", OSC9, ""},
	{"xterm-ghostty", OSC9, "0"},
	{"warpterminal", OSC9, ""},
	{"foot", OSC777, ""},
	{"contour", OSC777, ""},
	{"rxvt", OSC777, ""},
	{"vte", OSC777, "8000"},
	{"windows terminal", Untold, "0"},
	{"conemu", Untold, "0"},
	{"mintty", Untold, "0"},
	{"vscode", Untold, "1.97"},
}

// Known is the terminal with what its program is known to do. The name is what it answers to XTVERSION, such as
// "WezTerm 20240203-110809" or "iTerm2 3.5.0" or "kitty(0.35.2)"; or a name from the environment. Of a name that says
// nothing the terminal stays as it is; that of a multiplexer takes away what was believed.
func (t Terminal) Known(answer string) Terminal {
	name := strings.ToLower(strings.TrimSpace(answer))
	if strings.HasPrefix(name, "tmux") || strings.HasPrefix(name, "screen") {
		t.Tmux, t.Screen = t.Tmux || strings.HasPrefix(name, "tmux"), t.Screen || strings.HasPrefix(name, "screen")
		t.Telling, t.Bar = Untold, false
		return t
	}
	for _, p := range programs {
		if strings.HasPrefix(name, p.name) {
			version := strings.TrimLeft(strings.TrimPrefix(name, p.name), "2.ap (") // the rest of iTerm2 and iTerm.app
			if !strings.HasPrefix(name, "iterm") {
				version = strings.TrimLeft(strings.TrimPrefix(name, p.name), " (")
			}
			t.Telling, t.Bar = p.telling, p.bar != "" && !older(version, p.bar)
			return t
		}
	}
	return t
}

// older compares versions by their numbers; one without numbers is older than all but 0.
func older(version, than string) bool {
	have, want := numbers(version), numbers(than)
	for i, w := range want {
		n := 0
		if i < len(have) {
			n = have[i]
		}
		if n != w {
			return n < w
		}
	}
	return false
}

func numbers(version string) (list []int) {
	for _, part := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(part)
		if err != nil {
			return list
		}
		list = append(list, n)
	}
	return list
}

// program is the terminal's name and version as far as the environment tells; ssh hands on only TERM and LC_*.
func programOf(getenv func(string) string) string {
	switch {
	case getenv("TERM_PROGRAM") != "" && getenv("TERM_PROGRAM") != "tmux":
		return getenv("TERM_PROGRAM") + " " + getenv("TERM_PROGRAM_VERSION")
	case getenv("LC_TERMINAL") != "":
		return getenv("LC_TERMINAL") + " " + getenv("LC_TERMINAL_VERSION")
	case getenv("WT_SESSION") != "":
		return "windows terminal"
	case getenv("ConEmuPID") != "":
		return "conemu"
	case getenv("VTE_VERSION") != "":
		return "vte " + getenv("VTE_VERSION")
	}
	return getenv("TERM")
}
