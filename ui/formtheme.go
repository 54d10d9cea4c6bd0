package ui

import (
	"charm.land/bubbles/v2/key"
	"charm.land/huh/v2"
	"charm.land/lipgloss/v2"

	"github.com/politicalsphere/sop/ui/theme"
)

// formTheme makes forms look like the screens around them. huh asks for the styles again and again: they are made once.
func formTheme(th *theme.Theme) huh.Theme {
	styles := formStyles(th)
	return huh.ThemeFunc(func(bool) *huh.Styles { return styles })
}

func formStyles(th *theme.Theme) *huh.Styles {
	s := huh.ThemeBase(!th.Light)
	text, dim, accent, bad := th.Text.Lipgloss(), th.Dim.Lipgloss(), th.Accent.Lipgloss(), th.Bad.Lipgloss()
	f := huh.FieldStyles{
		Base:  lipgloss.NewStyle().PaddingLeft(1).Border(lipgloss.Border{Left: "│"}, false, false, false, true).BorderForeground(accent.GetForeground()),
		Title: th.Title.Lipgloss(), Description: dim, ErrorIndicator: bad.SetString(" ✖"), ErrorMessage: bad,
		SelectSelector: accent.SetString("▸ "), Option: text, NextIndicator: dim, PrevIndicator: dim,
		MultiSelectSelector: accent.SetString("▸ "), SelectedOption: text, SelectedPrefix: th.Good.Lipgloss().SetString("[✔] "),
		UnselectedOption: text, UnselectedPrefix: dim.SetString("[ ] "), NoteTitle: th.Title.Lipgloss(), Card: lipgloss.NewStyle(),
		FocusedButton: th.Selected.Lipgloss().Padding(0, 2), BlurredButton: dim.Padding(0, 2),
		TextInput: huh.TextInputStyles{Cursor: accent, CursorText: text, Placeholder: dim, Prompt: accent, Text: text},
	}
	s.Focused, s.Blurred = f, f
	s.Blurred.Base = lipgloss.NewStyle().PaddingLeft(2)
	s.Blurred.Title, s.Blurred.SelectSelector, s.Blurred.MultiSelectSelector = text, dim.SetString("▸ "), lipgloss.NewStyle().SetString("  ")
	s.FieldSeparator = lipgloss.NewStyle().SetString("\n\n")
	s.Group.Title, s.Group.Description = th.Title.Lipgloss(), dim
	return s
}

// formKeys are huh's keys without those that would surprise: nothing is filtered, and ctrl+c is not its own.
func formKeys() *huh.KeyMap {
	k := huh.NewDefaultKeyMap()
	k.Quit = key.NewBinding(key.WithDisabled())
	k.Select.Filter.SetEnabled(false)
	k.MultiSelect.Filter.SetEnabled(false)
	return k
}
