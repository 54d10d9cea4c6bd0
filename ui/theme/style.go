package theme

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// reset ends every style; all attributes at once, since nothing nests but by Over.
const reset = "\x1b[m"

// Style is a look as a ready pair of escape sequences. The zero value leaves text as it is.
type Style struct {
	on   string
	spec look
}

// look is what a Style is made from; a nil colour is the terminal's own.
type look struct {
	fg, bg                         color.Color
	bold, faint, underline, invert bool
}

func style(l look) Style {
	var p []string
	for _, a := range []struct {
		set  bool
		code string
	}{{l.bold, "1"}, {l.faint, "2"}, {l.underline, "4"}, {l.invert, "7"}} {
		if a.set {
			p = append(p, a.code)
		}
	}
	if l.fg != nil {
		p = append(p, colourCode(l.fg, 0))
	}
	if l.bg != nil {
		p = append(p, colourCode(l.bg, 10))
	}
	if len(p) == 0 {
		return Style{}
	}
	return Style{on: "\x1b[" + strings.Join(p, ";") + "m", spec: l}
}

// colourCode is the SGR parameter for c as a foreground, or as a background with shift 10.
func colourCode(c color.Color, shift int) string {
	if b, ok := c.(ansi.BasicColor); ok {
		if b >= ansi.BrightBlack {
			return strconv.Itoa(90 + shift + int(b-ansi.BrightBlack))
		}
		return strconv.Itoa(30 + shift + int(b))
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("%d;2;%d;%d;%d", 38+shift, r>>8, g>>8, b>>8)
}

// On and Off are the escape sequences before and after styled text; both are empty for a plain style.
func (s Style) On() string { return s.on }

// Off ends what On began.
func (s Style) Off() string {
	if s.on == "" {
		return ""
	}
	return reset
}

// Render styles text that has no style of its own.
func (s Style) Render(text string) string {
	if s.on == "" || text == "" {
		return text
	}
	return s.on + text + reset
}

// Append is Render onto dst.
func (s Style) Append(dst []byte, text string) []byte {
	if s.on == "" || text == "" {
		return append(dst, text...)
	}
	dst = append(dst, s.on...)
	dst = append(dst, text...)
	return append(dst, reset...)
}

// Over lays the style under text that is styled already: it comes back after every inner style's end. A
// reversed style takes the place of the inner ones, since reversed colours on one row would be a patchwork.
func (s Style) Over(text string) string {
	if s.on == "" {
		return text
	}
	if s.spec.invert {
		return s.Render(ansi.Strip(text))
	}
	return s.on + strings.ReplaceAll(text, reset, reset+s.on) + reset
}

// With adds the background of b, for a cell that lies in a tinted band.
func (s Style) With(b Style) Style {
	l := s.spec
	if b.spec.bg != nil {
		l.bg = b.spec.bg
	}
	return style(l)
}

// Lipgloss is the same look for components that are styled by lipgloss, such as forms and text inputs.
func (s Style) Lipgloss() lipgloss.Style {
	l := lipgloss.NewStyle()
	if s.spec.fg != nil {
		l = l.Foreground(s.spec.fg)
	}
	if s.spec.bg != nil {
		l = l.Background(s.spec.bg)
	}
	return l.Bold(s.spec.bold).Faint(s.spec.faint).Underline(s.spec.underline).Reverse(s.spec.invert)
}
