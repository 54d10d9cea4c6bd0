package forge

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
)

// Files is the checkout as it stands whenever it is asked: read-only, its times those of the release's commit.
func (r *Repository) Files() fs.FS { return checkout{r} }

type checkout struct{ r *Repository }

// Open implements fs.FS.
func (c checkout) Open(name string) (fs.File, error) {
	files, err := archive(c.r.contents(), c.r.o.Built.Add(-leadTime))
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return files.Open(name)
}

// archive makes a file system out of texts by their paths.
func archive(contents map[string]string, at time.Time) (fs.FS, error) {
	var buffer bytes.Buffer
	w := zip.NewWriter(&buffer)
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		h := &zip.FileHeader{Name: name, Method: zip.Store, Modified: at.UTC()}
		h.SetMode(0o644)
		f, err := w.CreateHeader(h)
		if err != nil {
			return nil, fmt.Errorf("making the practice world's checkout: %w", err)
		}
		if _, err := f.Write([]byte(contents[name])); err != nil {
			return nil, fmt.Errorf("making the practice world's checkout: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("making the practice world's checkout: %w", err)
	}
	return zip.NewReader(bytes.NewReader(buffer.Bytes()), int64(buffer.Len()))
}

// Paths are the files that a checkout has when nothing is wrong with it.
func Paths() []string {
	return slices.Sorted(maps.Keys(New(Options{}).all(State{})))
}

// contents are the texts of the files that there are at present.
func (r *Repository) contents() map[string]string {
	s := r.o.State()
	files := r.all(s)
	for _, name := range s.Without {
		delete(files, name)
	}
	return files
}

func (r *Repository) all(s State) map[string]string {
	return map[string]string{
		"CHANGELOG.md": r.changelog(s),
		"README.md":    "# " + r.o.Name + "\n\nThe platform: api, web, worker and game-server.\n",
		"docs/rollback.md": "# Rolling back\n\nEvery component goes back to the revision that it ran before. The schema of " + r.o.Release +
			" fits both versions; `migrations/0042_lobby.down.sql` takes the new table away once nobody needs it.\n",
		"deploy/values.yaml":                 "version: " + r.o.Release + "\n",
		"migrations/0041_match_end.up.sql":   "ALTER TABLE matches ADD COLUMN ended_at timestamptz;\n",
		"migrations/0041_match_end.down.sql": "ALTER TABLE matches DROP COLUMN ended_at;\n",
		"migrations/0042_lobby.up.sql": "CREATE TABLE lobbies (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n" +
			"  name text NOT NULL,\n  opened_at timestamptz NOT NULL DEFAULT now()\n);\n",
		"migrations/0042_lobby.down.sql": "DROP TABLE lobbies;\n",
	}
}

func (r *Repository) changelog(s State) string {
	var out strings.Builder
	fmt.Fprint(&out, "# Changelog\n\nThe form is that of keepachangelog.com.\n\n## [Unreleased]\n\n")
	if !s.Unlisted {
		fmt.Fprintf(&out, "## [%s] - %s\n\n### Added\n\n- A lobby in which players meet before a game, behind the flag new-lobby (#1287)\n- The table of lobbies (#1285)\n\n", r.o.Release, r.o.Built.Format(time.DateOnly))
	}
	fmt.Fprintf(&out, "## [%s] - %s\n\n### Fixed\n\n- A match is kept when a player reconnects (#1274)\n", r.o.Running, r.o.Built.AddDate(0, 0, -8).Format(time.DateOnly))
	return out.String()
}
