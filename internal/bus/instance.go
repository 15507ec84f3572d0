package bus

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nuid"
)

// instanceName is the file of a data directory that names the process that has it, over restarts.
const instanceName = "instance"

// readInstance is the name of whoever has the directory locked. It begins with the machine's: a directory that was copied to
// another machine must not take the leases of the first.
func readInstance(dir string) (string, error) {
	path := filepath.Join(dir, instanceName)
	id, ok, err := instanceIn(path)
	if err != nil {
		return "", unwritable(dir, err)
	}
	if !ok {
		id = nuid.Next()
		if err := writeWhole(path, id+"\n"); err != nil {
			return "", unwritable(dir, err)
		}
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return id, nil
	}
	return host + "-" + id, nil
}

// instanceIn is what the file says; false: it is not there, or a crash has left it damaged.
func instanceIn(path string) (id string, ok bool, err error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 128))
	if err != nil {
		return "", false, err
	}
	id = strings.TrimSpace(string(b))
	odd := strings.ContainsFunc(id, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	return id, len(id) >= 16 && len(id) <= 64 && !odd, nil
}

// writeWhole leaves the old file or the new one, never a part.
func writeWhole(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o640); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
