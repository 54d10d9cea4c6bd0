package ui

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
