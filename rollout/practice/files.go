package practice

import "io/fs"

// Files are the files of a checkout of the organisation's repository at the release: CHANGELOG.md, migrations and what
// else is looked at. They are made up when they are opened; no file of the machine is.
func (w *World) Files() fs.FS { return w.tools.forge.Files() }
