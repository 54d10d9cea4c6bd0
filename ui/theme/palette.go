package theme

import (
	"image/color"

	"github.com/charmbracelet/x/ansi"
)

// palette is the few colours that a full-colour theme is made of. Those of different meaning differ in lightness or in blue
// too, so that they stay apart for an eye without red or green.
type palette struct {
	dim, rule, key               color.Color
	accent, good, warn, bad      color.Color
	line                         color.Color // a chart's data
	alarm, onAlarm               color.Color // the protected environment
	selected, band, environments color.Color // backgrounds
}

func rgb(v uint32) color.Color {
	return color.RGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

var dark = palette{
	dim: rgb(0x8b93a1), rule: rgb(0x4a5160), key: rgb(0xc3cad6),
	accent: rgb(0x66aff4), good: rgb(0x87deab), warn: rgb(0xf0bf54), bad: rgb(0xff726a),
	line: rgb(0xd5dbe6), alarm: rgb(0xb3201f), onAlarm: rgb(0xffffff),
	selected: rgb(0x2a3140), band: rgb(0x1d3038), environments: rgb(0x333b4a),
}

var light = palette{
	dim: rgb(0x5d6673), rule: rgb(0xb4bac4), key: rgb(0x2b323d),
	accent: rgb(0x0f4db4), good: rgb(0x27716b), warn: rgb(0x8f5b03), bad: rgb(0x990029),
	line: rgb(0x20262f), alarm: rgb(0xb3201f), onAlarm: rgb(0xffffff),
	selected: rgb(0xe2e8f2), band: rgb(0xdcebf0), environments: rgb(0xdde2ea),
}

func (t *Theme) full(p palette) {
	t.Header = style(look{bold: true})
	t.Title = style(look{bold: true})
	t.Protected = style(look{fg: p.onAlarm, bg: p.alarm, bold: true})
	t.Ordinary = style(look{bg: p.environments, bold: true})
	t.Rule = style(look{fg: p.rule})
	t.Dim = style(look{fg: p.dim})
	t.Accent = style(look{fg: p.accent})
	t.Good = style(look{fg: p.good})
	t.Warn = style(look{fg: p.warn})
	t.Bad = style(look{fg: p.bad, bold: true})
	t.Selected = style(look{bg: p.selected})
	t.Key = style(look{fg: p.key, bold: true})
	t.Hint = style(look{fg: p.dim})
	t.Data = style(look{fg: p.line})
	t.Breach = style(look{fg: p.bad, bold: true})
	t.Threshold = style(look{fg: p.warn})
	t.Objective = style(look{fg: p.good})
	t.Moment = style(look{fg: p.dim})
	t.Axis = style(look{fg: p.dim})
	t.Cursor = style(look{fg: p.accent, bold: true})
	t.Band = style(look{bg: p.band})
}

// few uses the terminal's own colours, which its owner has chosen to be readable on its background; white and
// black, which may be that background, only ever stand together.
func (t *Theme) few() {
	t.Header = style(look{bold: true})
	t.Title = style(look{bold: true})
	t.Protected = style(look{fg: ansi.BrightWhite, bg: ansi.Red, bold: true})
	t.Ordinary = style(look{invert: true})
	t.Rule = style(look{fg: ansi.BrightBlack})
	t.Dim = style(look{fg: ansi.BrightBlack})
	t.Accent = style(look{fg: ansi.Blue, bold: true})
	t.Good = style(look{fg: ansi.Green})
	t.Warn = style(look{fg: ansi.Yellow})
	t.Bad = style(look{fg: ansi.Red, bold: true})
	t.Selected = style(look{invert: true})
	t.Key = style(look{bold: true})
	t.Hint = style(look{fg: ansi.BrightBlack})
	t.Data = Style{}
	t.Breach = style(look{fg: ansi.Red, bold: true})
	t.Threshold = style(look{fg: ansi.Yellow})
	t.Objective = style(look{fg: ansi.Green})
	t.Moment = style(look{fg: ansi.BrightBlack})
	t.Axis = style(look{fg: ansi.BrightBlack})
	t.Cursor = style(look{fg: ansi.Blue, bold: true})
	if t.Light { // where the usual yellow and green are too pale to read
		t.Warn = style(look{fg: ansi.Magenta, bold: true})
		t.Good, t.Threshold, t.Objective = Style{}, style(look{fg: ansi.Magenta}), t.Axis
		return
	}
	t.Accent = style(look{fg: ansi.Cyan})
	t.Cursor = style(look{fg: ansi.Cyan, bold: true})
}

func (t *Theme) mono() {
	bold, faint, invert := style(look{bold: true}), style(look{faint: true}), style(look{invert: true})
	t.Header, t.Title, t.Key = bold, bold, bold
	t.Protected = style(look{bold: true, invert: true})
	t.Ordinary = invert
	t.Rule, t.Dim, t.Hint, t.Axis, t.Moment, t.Objective = faint, faint, faint, faint, faint, faint
	t.Accent, t.Bad, t.Breach, t.Cursor = bold, bold, bold, bold
	t.Selected = invert
}
