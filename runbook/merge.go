package runbook

import "slices"

// siteKeys are the keys of a runbook that a site file may set.
var siteKeys = []string{"inputs", "environments", "components", "metrics"}

// overlay lays a site file over the runbook: mappings by key, everything else replaced. Both trees keep the address
// of each value. The problems are those that only show here; the merged tree is decoded as strictly as any other.
func overlay(base, site *node) []Problem {
	o := &overlayer{}
	if site.shape != mappingNode {
		o.problem(site, "a site file must be a mapping", "it begins with apiVersion: sop/v1 and kind: Site")
		return o.problems
	}
	o.header(site, "apiVersion", "sop/v1")
	o.header(site, "kind", "Site")
	for _, f := range site.fields {
		key := f.key.text
		switch {
		case key == "apiVersion" || key == "kind":
			continue
		case !slices.Contains(siteKeys, key):
			hint := suggest(key, siteKeys)
			if key == "metadata" || key == "phases" || key == "rollback" {
				hint = "the procedure itself is the runbook's; a site sets inputs, environments, components and metrics"
			}
			o.problem(f.key, "unknown key "+quote(key)+" in a site file", hint)
		case f.value.isNull():
		case f.value.shape != mappingNode:
			o.problem(f.value, key+" must be a mapping, not "+f.value.describe(), "write name: value lines")
		default:
			base.fields = o.names(base.fields, f)
		}
	}
	return o.problems
}

type overlayer struct{ problems []Problem }

func (o *overlayer) problem(n *node, message, hint string) {
	o.problems = append(o.problems, problemAt(n.position(), message, hint))
}

func (o *overlayer) header(site *node, key, want string) {
	switch n := site.get(key); {
	case n == nil:
		o.problem(site, "the site file lacks "+quote(key), "write "+key+": "+want)
	case n.shape != scalarNode || n.text != want:
		o.problem(n, key+" must be "+want+", not "+n.describe(), "")
	}
}

// names merges one of the site keys into the runbook's fields. A name that the runbook does not have is an addition;
// one that is nearly a name of the runbook is most likely a slip.
func (o *overlayer) names(base []field, site field) []field {
	i := slices.IndexFunc(base, func(f field) bool { return f.key.text == site.key.text })
	if i < 0 || base[i].value.shape != mappingNode {
		return append(slices.DeleteFunc(base, func(f field) bool { return f.key.text == site.key.text }), site)
	}
	known := make([]string, 0, len(base[i].value.fields))
	for _, f := range base[i].value.fields {
		known = append(known, f.key.text)
	}
	for _, f := range site.value.fields {
		if near := nearest(f.key.text, known); near != "" && !slices.Contains(known, f.key.text) {
			p := problemAt(f.key.position(), quote(f.key.text)+" is no name of the runbook's "+site.key.text+" and is added", "did you mean "+quote(near)+"?")
			p.Severity = SeverityWarning
			o.problems = append(o.problems, p)
		}
	}
	merged := mergeNodes(base[i].value, site.value)
	base[i].value = merged
	return base
}

// mergeNodes lays over over base. A mapping keeps the order of base, additions last.
func mergeNodes(base, over *node) *node {
	if base.shape != mappingNode || over.shape != mappingNode {
		return over
	}
	out := *base
	out.fields = slices.Clone(base.fields)
	for _, f := range over.fields {
		i := slices.IndexFunc(out.fields, func(b field) bool { return b.key.text == f.key.text })
		if i < 0 {
			out.fields = append(out.fields, f)
			continue
		}
		out.fields[i] = field{key: f.key, value: mergeNodes(out.fields[i].value, f.value)}
	}
	return &out
}
