package practice

import "encoding/json"

// flagShare is for how many percent of all people a flag is on, as flagd evaluates the document: everybody gets the
// default variant, unless a fractional targeting splits them.
func flagShare(document, name string) int {
	var doc struct {
		Flags map[string]struct {
			State     string
			Variants  map[string]any
			Default   string `json:"defaultVariant"`
			Targeting struct{ Fractional []json.RawMessage }
		}
	}
	if json.Unmarshal([]byte(document), &doc) != nil {
		return 0
	}
	f, ok := doc.Flags[name]
	if !ok || f.State != "ENABLED" {
		return 0
	}
	var on, total float64
	for _, raw := range f.Targeting.Fractional {
		var bucket []any
		if json.Unmarshal(raw, &bucket) != nil || len(bucket) != 2 {
			continue // by what the split is made
		}
		variant, _ := bucket[0].(string)
		weight, _ := bucket[1].(float64)
		if f.Variants[variant] == true {
			on += weight
		}
		total += weight
	}
	switch {
	case total > 0:
		return int(100 * on / total)
	case f.Variants[f.Default] == true:
		return 100
	}
	return 0
}
