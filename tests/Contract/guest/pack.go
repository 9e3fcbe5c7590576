package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// pack writes an archive with this program and then the base: the kernel unpacks one after the other, and an archive that is
// not compressed may come first.
func pack(base, out string) error {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer file.Close()
	var archive bytes.Buffer
	addFile(&archive, inGuest[1:], 0o100755, program)
	addFile(&archive, "TRAILER!!!", 0, nil)
	if _, err := archive.WriteTo(file); err != nil {
		return err
	}
	rest, err := os.Open(base)
	if err != nil {
		return err
	}
	defer rest.Close()
	if _, err := io.Copy(file, rest); err != nil {
		return err
	}
	return file.Close()
}

// addFile appends one entry in the newc format of cpio (the kernel's early-userspace/buffer-format): thirteen numbers of eight hex
// digits, name and content, both padded to a multiple of four.
func addFile(archive *bytes.Buffer, name string, mode uint32, content []byte) {
	archive.WriteString("070701")
	for _, number := range []uint32{1, mode, 0, 0, 1, 0, uint32(len(content)), 0, 0, 0, 0, uint32(len(name) + 1), 0} {
		fmt.Fprintf(archive, "%08X", number)
	}
	archive.WriteString(name + "\x00")
	align(archive)
	archive.Write(content)
	align(archive)
}

func align(archive *bytes.Buffer) {
	for archive.Len()%4 != 0 {
		archive.WriteByte(0)
	}
}
