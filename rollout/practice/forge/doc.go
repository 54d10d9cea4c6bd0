// Package forge is the source code of the practice world's organisation and the forge that it lives on: the history
// of one repository, what CI says of its commits through the REST API of GitHub Enterprise, the answers of git in a
// clone of it, and the files of a checkout.
//
// Everything comes from a few facts (which versions there are, when the release was built, what is wrong), so that
// the API, git and the files never contradict each other:
//
//	r := forge.New(forge.Options{Owner: "political-sphere", Name: "platform", Running: "v1.4.1", Release: "v1.4.2", …})
//	http.Handle("/api/v3/", r)        // GET /api/v3/repos/political-sphere/platform/commits/v1.4.2/check-runs
//	out := r.Git("rev-parse", "HEAD") // what git would print
//	files := r.Files()                // CHANGELOG.md, migrations/…
//
// The data's way: Options and the State of the moment → history → API, git, files. Nothing is stored and nobody can
// write.
package forge
