package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"
)

// templateSums are the checksums of everything that clones of the group's template read, by path.
func templateSums(diskDirectory, group string) (map[string]string, error) {
	templates := filepath.Join(diskDirectory, "templates")
	key, err := os.ReadFile(filepath.Join(templates, "groups", group))
	if err != nil {
		return nil, fmt.Errorf("group %s has no template: %w", group, err)
	}
	root := filepath.Join(templates, strings.TrimSpace(string(key)))
	sums := map[string]string{}
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		// checked.json is where the plugin notes that it has checked the others.
		if err != nil || !entry.Type().IsRegular() || entry.Name() == "checked.json" {
			return err
		}
		sums[path], err = dataSum(path)
		return err
	})
	return sums, err
}

// changed names the files that differ, came or went.
func changed(before, after map[string]string) []string {
	var paths []string
	for path, sum := range before {
		if after[path] != sum {
			paths = append(paths, path)
		}
	}
	for path := range after {
		if _, known := before[path]; !known {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	return paths
}

const sumBlock = 64 << 10

// dataSum is a checksum of what a sparse file holds: its blocks that are not all zeros, each with its position. Reading
// gigabytes of holes would take longer than the measurements it guards. Where the file system says that data begins and ends
// does not count: room that was reserved and never written reads as zeros, and is a hole until somebody has read it.
func dataSum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	binary.Write(sum, binary.BigEndian, size)
	const seekData = 3
	zeros, block := make([]byte, sumBlock), make([]byte, sumBlock)
	for at := int64(0); at < size; at += sumBlock {
		data, err := file.Seek(at, seekData)
		if pathError, ok := err.(*fs.PathError); ok && pathError.Err == syscall.ENXIO {
			break // Nothing but a hole is left.
		}
		if err != nil {
			return "", err
		}
		at = data - data%sumBlock
		n, err := file.ReadAt(block, at)
		if err != nil && err != io.EOF {
			return "", err
		}
		if !bytes.Equal(block[:n], zeros[:n]) {
			binary.Write(sum, binary.BigEndian, at)
			sum.Write(block[:n])
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
