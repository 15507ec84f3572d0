//go:build linux && (amd64 || arm64)

package edge

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	hugePage       = 2 << 20 // bytes
	closeOnExec    = 1       // MFD_CLOEXEC of memfd_create(2)
	adviseCollapse = 25      // MADV_COLLAPSE of madvise(2)
)

// memoryFile is a file that is memory: memfd_create(2). While it is in use it is not mapped, so that nothing can go wrong with its memory when
// it is closed.
type memoryFile struct{ fd int }

// newMemoryFile makes a file of size bytes, a multiple of hugePage.
func newMemoryFile(size int) (memoryFile, error) {
	number := uintptr(279) // arm64
	if runtime.GOARCH == "amd64" {
		number = 319
	}
	name := []byte("weir-segments\x00")
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&name[0])), closeOnExec, 0)
	if errno != 0 {
		return memoryFile{}, fmt.Errorf("make a file in memory: %w", errno)
	}
	f := memoryFile{int(fd)}
	if err := syscall.Ftruncate(f.fd, int64(size)); err != nil {
		f.close()
		return memoryFile{}, fmt.Errorf("make a file of %d bytes in memory: %w", size, err)
	}
	f.collapse(size)
	return f, nil
}

// collapse asks for huge pages (Linux 6.1), from which the kernel sends 1.5 MB with about two thirds of the work. Where there are none, no
// more than that is lost.
func (f memoryFile) collapse(size int) {
	for at := 0; at < size; at += hugePage {
		if f.write([]byte{0}, int64(at)) != nil { // where there is no page at all, none is made
			return
		}
	}
	room := uintptr(size) + hugePage
	reserved, _, errno := syscall.Syscall6(syscall.SYS_MMAP, 0, room, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON, ^uintptr(0), 0)
	if errno != 0 {
		return
	}
	start := (reserved + hugePage - 1) &^ (hugePage - 1)
	_, _, errno = syscall.Syscall6(syscall.SYS_MMAP, start, uintptr(size), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED|syscall.MAP_FIXED, uintptr(f.fd), 0)
	if errno == 0 {
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, start, uintptr(size), adviseCollapse)
	}
	_, _, _ = syscall.Syscall(syscall.SYS_MUNMAP, reserved, room, 0)
}

func (f memoryFile) write(data []byte, at int64) error {
	for len(data) > 0 {
		n, err := syscall.Pwrite(f.fd, data, at)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("write %d bytes to memory: %w", len(data), err)
		}
		data, at = data[n:], at+int64(n)
	}
	return nil
}

func (f memoryFile) close() { _ = syscall.Close(f.fd) }
