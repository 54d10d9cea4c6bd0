package theme

import (
	"strings"

	"github.com/charmbracelet/colorprofile"
)

// Terminal is what the environment says about the terminal.
type Terminal struct {
	Colours Colours
	Many    bool // with Few or Full: at least 256 colours
	True    bool // 24-bit colours
	UTF8    bool // the locale is UTF-8
	Console bool // the Linux console, whose font has neither braille nor most signs
	Dumb    bool // cannot place a cursor: no full-screen program
	Light   bool // the background is said to be light; better ask the terminal
	Tmux    bool // inside of tmux, which swallows what it does not know
	Screen  bool // inside of GNU screen
	Telling Telling
	Bar     bool // OSC 9;4 is its progress bar
}

// Detect reads NO_COLOR, TERM, COLORTERM and the locale through getenv (os.Getenv).
func Detect(getenv func(string) string) Terminal {
	term := getenv("TERM")
	t := Terminal{
		UTF8:    utf8Locale(getenv),
		Console: term == "linux",
		Dumb:    term == "" || term == "dumb",
	}
	t.Light = lightBackground(getenv("COLORFGBG"))
	t.Tmux = getenv("TMUX") != "" || strings.HasPrefix(term, "tmux")
	t.Screen = !t.Tmux && (getenv("STY") != "" || strings.HasPrefix(term, "screen"))
	if !t.Tmux && !t.Screen && !t.Console && !t.Dumb { // inside of those the environment speaks of where they were started
		t = t.Known(programOf(getenv))
	}
	if term == "" && getenv("WT_SESSION") != "" { // Windows Terminal sets no TERM
		t = t.Known("windows terminal")
		t.Dumb, t.UTF8, t.True = false, true, true
	}
	switch colorterm := strings.ToLower(getenv("COLORTERM")); {
	// https://no-color.org: any value that is not empty, whatever it says.
	case getenv("NO_COLOR") != "", t.Dumb, strings.HasSuffix(term, "-m"), term == "vt100", term == "vt220":
		t.True = false
		return t
	case t.True, !t.Console && (colorterm == "truecolor" || colorterm == "24bit"), strings.HasSuffix(term, "-direct"), manyByName(term):
		t.True, t.Many, t.Colours = true, true, Full
	case strings.Contains(term, "256color"):
		t.Many, t.Colours = true, Full
	default:
		t.Colours = Few
	}
	return t
}

// lightBackground reads what rxvt and Konsole say of their colours: foreground;background, of 16.
func lightBackground(colours string) bool {
	i := strings.LastIndexByte(colours, ';')
	switch colours[i+1:] {
	case "7", "15":
		return i > 0
	}
	return false
}

// manyByName knows terminals that have 24-bit colours and whose name does not say so.
func manyByName(term string) bool {
	for _, name := range []string{"kitty", "alacritty", "ghostty", "wezterm", "foot", "contour", "rio"} {
		if strings.Contains(term, name) {
			return true
		}
	}
	return false
}

// utf8Locale reads the first of LC_ALL, LC_CTYPE and LANG that is set, as the C library does.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToUpper(v)
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return false
}

// Options are those for the background that the environment tells of, else a dark one; set Light by what the terminal
// answers.
func (t Terminal) Options() Options {
	return Options{Colours: t.Colours, Light: t.Light, ASCII: !t.UTF8 || t.Console || t.Dumb}
}

// Profile is what to give Bubble Tea's WithColorProfile, which by itself reads NO_COLOR as a yes-or-no value.
func (t Terminal) Profile() colorprofile.Profile {
	switch {
	case t.Colours == NoColour:
		return colorprofile.ASCII
	case t.True:
		return colorprofile.TrueColor
	case t.Many:
		return colorprofile.ANSI256
	}
	return colorprofile.ANSI
}
