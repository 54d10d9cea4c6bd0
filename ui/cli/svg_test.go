package cli

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
)

// The look of a terminal in a picture.
const (
	cellWidth, cellHeight = 8.4, 18.0
	baseline              = 13.5
	margin                = 12.0
	paper, ink            = "#11151c", "#d6dbe4"
)

// drawSVG draws what a terminal would show: a picture that needs no font of ours and stays sharp.
func drawSVG(content string, w, h int) []byte {
	buffer := uv.NewScreenBuffer(w, h)
	uv.NewStyledString(strings.ReplaceAll(content, "\n", "\r\n")).Draw(buffer, uv.Rect(0, 0, w, h))
	var b bytes.Buffer
	width, height := float64(w)*cellWidth+2*margin, float64(h)*cellHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace" font-size="14">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="8" fill="%s"/>`+"\n", width, height, paper)
	for y := range h {
		for x := 0; x < w; {
			x = drawRun(&b, buffer, x, y, w)
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// drawRun draws the cells from x on that look alike, and returns where they end.
func drawRun(b *bytes.Buffer, buffer uv.ScreenBuffer, x, y, w int) int {
	style := styleAt(buffer, x, y)
	var text strings.Builder
	end := x
	for ; end < w && alike(styleAt(buffer, end, y), style); end++ {
		if c := buffer.CellAt(end, y); c != nil && c.Width > 0 {
			text.WriteString(c.Content)
		} else if c == nil {
			text.WriteByte(' ')
		}
	}
	fg, bg := hex(style.Fg, ink), hex(style.Bg, "")
	if style.Attrs&uv.AttrReverse != 0 {
		fg, bg = hex(style.Bg, paper), hex(style.Fg, ink)
	}
	left, top, long := margin+float64(x)*cellWidth, margin+float64(y)*cellHeight, float64(end-x)*cellWidth
	if bg != "" {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`+"\n", left, top, long, cellHeight, bg)
	}
	if strings.TrimSpace(text.String()) == "" {
		return end
	}
	weight := ""
	if style.Attrs&uv.AttrBold != 0 {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" textLength="%.1f" lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="%s"%s>%s</text>`+"\n",
		left, top+baseline, long, fg, weight, html.EscapeString(text.String()))
	return end
}

func styleAt(buffer uv.ScreenBuffer, x, y int) uv.Style {
	if c := buffer.CellAt(x, y); c != nil {
		return c.Style
	}
	return uv.Style{}
}

func hex(c color.Color, otherwise string) string {
	if c == nil {
		return otherwise
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

func TestDrawSVG(t *testing.T) {
	got := string(drawSVG("plain \x1b[1;31m<bold>\x1b[m\n\x1b[7mback\x1b[m", 20, 2))
	for _, part := range []string{`>plain </text>`, `font-weight="bold">&lt;bold&gt;</text>`, `fill="` + ink + `"/>`, `fill="` + paper + `">back</text>`} {
		if !strings.Contains(got, part) {
			t.Errorf("the picture lacks %s:\n%s", part, got)
		}
	}
}

func alike(a, b uv.Style) bool { return a.Equal(&b) }
