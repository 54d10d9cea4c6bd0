package checks

// codeKinds look at code, at what was built and tested of it, and at what tools wrote.
func codeKinds() []kind {
	return []kind{
		{githubKind, readyGitHub},
		{gitKind, readyGit},
		{junitKind, readyJUnit},
		{commandKind, readyCommand},
		{journalKind, readyJournal},
	}
}
