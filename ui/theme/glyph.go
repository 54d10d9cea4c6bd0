package theme

// sign is how one state of a step looks and what it means.
type sign struct {
	status         string
	unicode, ascii string
	byHand         bool // square by nature: only a person brings this state about
	meaning        string
}

// signs in the order in which the help shows them. Round is sensed, square is by hand.
var signs = []sign{
	{"pending", " ", " ", false, "to come"},
	{"checking", "◌", ".", false, "looking now"},
	{"passed", "✔", "v", false, "seen to be so"},
	{"warn", "!", "!", false, "so, but look at it"},
	{"failed", "✖", "x", false, "seen not to be so"},
	{"unknown", "?", "?", false, "could not look"},
	{"drifted", "↺", "~", false, "was so and is no longer"},
	{"stale", "◷", "o", false, "seen too long ago"},
	{"not-applicable", "–", "-", false, "not part of this run"},
	{"attested", "✔", "v", true, "a person vouches for it"},
	{"conflicted", "≠", "#", true, "a sensor contradicts the person"},
	{"overridden", "»", ">", true, "passed over, with a reason"},
	{"deferred", "↓", "d", true, "put off to a later phase"},
}

func signOf(status string) sign {
	for _, s := range signs {
		if s.status == status {
			return s
		}
	}
	// A state this alphabet does not know must look like nothing good.
	return sign{status, "?", "?", false, "unknown to this program"}
}

// Glyph is the three-cell box of a step: round for what a sensor sees, square for what a person ticks
// (byHand, and every state that only a person brings about).
func (t *Theme) Glyph(status string, byHand bool) string {
	s := signOf(status)
	in := s.unicode
	if t.ASCII {
		in = s.ascii
	}
	if byHand || s.byHand {
		return "[" + in + "]"
	}
	return "(" + in + ")"
}

// Sign is what stands inside the box of a state: one cell, for a strip of many.
func (t *Theme) Sign(status string) string {
	s := signOf(status)
	if t.ASCII {
		return s.ascii
	}
	return s.unicode
}

// Mark is Glyph in the colour of its state.
func (t *Theme) Mark(status string, byHand bool) string {
	return t.StatusStyle(status).Render(t.Glyph(status, byHand))
}

// StatusStyle is the colour of a state: loud only where something needs a person.
func (t *Theme) StatusStyle(status string) Style {
	switch status {
	case "passed", "attested":
		return t.Good
	case "checking":
		return t.Accent
	case "warn", "unknown", "stale", "overridden":
		return t.Warn
	case "failed", "drifted", "conflicted":
		return t.Bad
	case "pending", "deferred", "not-applicable":
		return t.Dim
	}
	return t.Warn
}

// Legend is one line of the help's list of glyphs.
type Legend struct{ Status, Glyph, Meaning string }

// Legend lists every state with its glyph and its meaning.
func (t *Theme) Legend() []Legend {
	l := make([]Legend, 0, len(signs)+1)
	for _, s := range signs {
		l = append(l, Legend{s.status, t.Glyph(s.status, false), s.meaning})
	}
	return append(l, Legend{"pending", t.Glyph("pending", true), "to do by hand"})
}
