package theme

import (
	"image/color"
	"math"
	"testing"
)

// linear is a colour channel as light, from 0 to 1.
func linear(v uint32) float64 {
	c := float64(v>>8) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

type light3 [3]float64

func lightOf(c color.Color) light3 {
	r, g, b, _ := c.RGBA()
	return light3{linear(r), linear(g), linear(b)}
}

// kinds of sight: how much of each light a person without one kind of cone sees (Machado, Oliveira and Fernandes, 2009).
var sights = map[string][3]light3{
	"usual":        {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
}

func seen(by [3]light3, l light3) (out light3) {
	for i, row := range by {
		out[i] = max(0, min(1, row[0]*l[0]+row[1]*l[1]+row[2]*l[2]))
	}
	return out
}

func (l light3) luminance() float64 { return 0.2126*l[0] + 0.7152*l[1] + 0.0722*l[2] }

// lab is the light in CIE L*a*b*, in which distances are what an eye makes of them.
func (l light3) lab() (v light3) {
	f := func(t float64) float64 {
		if t > 216.0/24389 {
			return math.Cbrt(t)
		}
		return (24389.0/27*t + 16) / 116
	}
	x := f((0.4124564*l[0] + 0.3575761*l[1] + 0.1804375*l[2]) / 0.95047)
	y := f(0.2126729*l[0] + 0.7151522*l[1] + 0.0721750*l[2])
	z := f((0.0193339*l[0] + 0.1191920*l[1] + 0.9503041*l[2]) / 1.08883)
	return light3{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func apart(a, b light3) float64 {
	p, q := a.lab(), b.lab()
	return math.Sqrt((p[0]-q[0])*(p[0]-q[0]) + (p[1]-q[1])*(p[1]-q[1]) + (p[2]-q[2])*(p[2]-q[2]))
}

func contrast(a, b light3) float64 {
	x, y := a.luminance()+0.05, b.luminance()+0.05
	return max(x, y) / min(x, y)
}

// leastApart is how far two colours of different meaning are from each other: about ten times what an eye just tells.
const leastApart = 22

// Colours of different meaning stay apart, also for a person without green or red cones, and can be read on the usual
// backgrounds, the chosen row's among them. Words and glyphs say the same besides.
func TestColoursStayApart(t *testing.T) {
	for name, c := range map[string]struct {
		palette
		background color.Color
	}{"dark": {dark, rgb(0x14141a)}, "light": {light, rgb(0xfafaf6)}} {
		colours := map[string]color.Color{"good": c.good, "warn": c.warn, "bad": c.bad, "accent": c.accent}
		for sight, by := range sights {
			for a, first := range colours {
				for b, second := range colours {
					if a >= b {
						continue
					}
					if d := apart(seen(by, lightOf(first)), seen(by, lightOf(second))); d < leastApart {
						t.Errorf("%s, %s: %s and %s are only %.0f apart", name, sight, a, b, d)
					}
				}
			}
		}
		for _, under := range []color.Color{c.background, c.selected, c.band} {
			for what, fg := range colours {
				if r := contrast(lightOf(fg), lightOf(under)); r < 4.5 {
					t.Errorf("%s: %s has a contrast of only %.1f", name, what, r)
				}
			}
			if r := contrast(lightOf(c.dim), lightOf(under)); r < 3.5 {
				t.Errorf("%s: dim text has a contrast of only %.1f", name, r)
			}
		}
		if r := contrast(lightOf(c.onAlarm), lightOf(c.alarm)); r < 4.5 {
			t.Errorf("%s: the protected environment has a contrast of only %.1f", name, r)
		}
	}
}
