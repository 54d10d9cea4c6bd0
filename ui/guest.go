package ui

import "github.com/politicalsphere/sop/ui/keys"

// barred says what to do instead where the person only looks on; empty where they may act.
func (m *Model) barred() string {
	guest, ok := m.session.(Guest)
	if !ok {
		return ""
	}
	if may, instead := guest.MayAct(); !may {
		return instead
	}
	return ""
}

// standing is what the header says of a guest.
func (m *Model) standing() string {
	switch _, guest := m.session.(Guest); {
	case !guest:
		return ""
	case m.barred() != "":
		return "attached, read only"
	}
	return "attached, in control"
}

// acts tells whether a key asks for something of the run, and not only for another picture.
func acts(id keys.ID) bool {
	switch id {
	case keys.Start, keys.Extend, keys.StatusSent, keys.Attest, keys.Override, keys.Recheck, keys.Defer, keys.Note,
		keys.ToGate, keys.Abort, keys.Freeze, keys.Resume, keys.RollBack, keys.Burn, keys.TakeBack:
		return true
	}
	return false
}
