package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const mebibyte = 1 << 20

// privateMemory is what only this process has in memory: pages of no file, or written after they were mapped privately.
func privateMemory(pid int) (mib float64, err error) {
	path := fmt.Sprintf("/proc/%d/smaps_rollup", pid)
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "Pss_Anon:" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("%s has no Pss_Anon", path)
}

// ownDisk is the allocated space of a directory's files that is theirs alone. A file with a second name belongs to an image or
// a template, and so do blocks that two files share.
func ownDisk(directory string) (mib float64, err error) {
	err = filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		found, err := entry.Info()
		if err != nil {
			return err
		}
		if status := found.Sys().(*syscall.Stat_t); found.Mode().IsRegular() && status.Nlink == 1 {
			bytes, err := unsharedBytes(path)
			mib += float64(bytes) / mebibyte
			return err
		}
		return nil
	})
	return mib, err
}

// processorTime is what the process has used so far, in seconds.
func processorTime(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name in brackets may contain blanks. After it come the state and then fields 4, 5, ...; 14 and 15 are wanted.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const userTime, systemTime = 14 - 3, 15 - 3
	user, err := strconv.ParseFloat(fields[userTime], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(fields[systemTime], 64)
	const ticksPerSecond = 100 // What Linux shows to programs, on all machines.
	return (user + system) / ticksPerSecond, err
}
