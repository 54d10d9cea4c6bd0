package checks

import (
	"fmt"
	"io/fs"
	"os"
)

// Files opens dir for checks that read documents from a path. Only what is below dir can be read: a name that leads
// out of it, by .. or by a symbolic link, gives an error. The directory stays open as long as the program lives.
func Files(dir string) (fs.FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory of the reports: %w", err)
	}
	return root.FS(), nil
}
