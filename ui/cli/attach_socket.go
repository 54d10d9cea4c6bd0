package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The socket of a run lies in its directory, which nobody else may enter. Where that path is too long for a socket it
// lies in a directory of its own below the temporary one, and a file beside the journal says where.
const (
	socketName = "attach.sock"
	elsewhere  = "attach.path"
	// maxSocketPath is how long the path of a socket may be everywhere (macOS: 104 bytes with the closing NUL).
	maxSocketPath = 103
)

// listenAt opens the socket of the run in dir. The caller has the run open, so a socket that is there is a dead one's.
func listenAt(dir string) (l *net.UnixListener, remove func(), err error) {
	forget(dir)
	path := filepath.Join(dir, socketName)
	if len(path) > maxSocketPath {
		own, err := os.MkdirTemp("", "sop-")
		if err != nil {
			return nil, nil, err
		}
		path = filepath.Join(own, socketName)
		if err := os.WriteFile(filepath.Join(dir, elsewhere), []byte(path+"\n"), 0o600); err != nil {
			return nil, nil, errors.Join(err, os.RemoveAll(own))
		}
	}
	l, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err == nil {
		l.SetUnlinkOnClose(false) // forget does it, and knows the directory too
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		forget(dir)
		return nil, nil, err
	}
	return l, func() { _ = l.Close(); forget(dir) }, nil
}

// forget removes what a process left of its socket.
func forget(dir string) {
	if path, err := socketOf(dir); err == nil {
		_ = os.Remove(path)
		if own := filepath.Dir(path); own != filepath.Clean(dir) {
			_ = os.Remove(own) // only if it is empty
		}
	}
	_ = os.Remove(filepath.Join(dir, elsewhere))
}

// socketOf is where the socket of the run in dir lies. One that lies elsewhere counts only in a directory that is
// closed to others.
func socketOf(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, elsewhere))
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(dir, socketName), nil
	}
	if err != nil {
		return "", err
	}
	path := strings.TrimSpace(string(data))
	info, err := os.Lstat(filepath.Dir(path))
	switch {
	case err != nil:
		return "", err
	case !info.IsDir() || info.Mode().Perm() != 0o700 || !ours(info) || filepath.Base(path) != socketName:
		return "", fmt.Errorf("%s is no directory of this user alone", filepath.Dir(path))
	}
	return path, nil
}

func ours(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// dialRun connects to the process of the run in dir.
func dialRun(dir string) (*net.UnixConn, error) {
	path, err := socketOf(dir)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := sameUser(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
