package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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

// changed counts the files that differ, came or went.
func changed(before, after map[string]string) int {
	count := 0
	for path, sum := range before {
		if after[path] != sum {
			count++
		}
	}
	for path := range after {
		if _, known := before[path]; !known {
			count++
		}
	}
	return count
}

// dataSum is a checksum of a sparse file's data with its positions; reading gigabytes of holes would take longer than the
// measurements it guards.
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
	const seekData, seekHole = 3, 4
	for end := int64(0); end < size; {
		start, err := file.Seek(end, seekData)
		if pathError, ok := err.(*fs.PathError); ok && pathError.Err == syscall.ENXIO {
			break // Nothing but a hole is left.
		}
		if err != nil {
			return "", err
		}
		if end, err = file.Seek(start, seekHole); err != nil {
			return "", err
		}
		binary.Write(sum, binary.BigEndian, start)
		if _, err = io.Copy(sum, io.NewSectionReader(file, start, end-start)); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
