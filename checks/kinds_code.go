package checks

// codeKinds look at code, at what was built and tested of it, and at what tools wrote.
func codeKinds() []kind {
	return []kind{
		{githubKind, readyGitHub},
		{gitKind, readyGit},
		{commandKind, readyCommand},
		{journalKind, readyJournal},
		{junitKind, readyJUnit},
		{sarifKind, readySARIF},
		{jsonKind, readyJSON},
		{fileKind, readyFile},
		{flagsKind, readyFlags},
	}
}
