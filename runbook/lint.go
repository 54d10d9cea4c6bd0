package runbook

func lint(doc *Document) []Problem { return nil }
