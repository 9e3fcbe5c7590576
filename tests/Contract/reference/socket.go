package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// socketOfThisProcess finds the path go-plugin listens on, which its server does not tell: our descriptors' socket numbers
// looked up in the kernel's list of unix sockets.
func socketOfThisProcess() string {
	inodes := map[string]bool{}
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err == nil && strings.HasPrefix(target, "socket:[") {
			inodes[strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")] = true
		}
	}
	file, err := os.Open("/proc/self/net/unix")
	if err != nil {
		return ""
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		// Num RefCount Protocol Flags Type St Inode Path; flag 00010000 is a listening socket.
		fields := strings.Fields(lines.Text())
		if len(fields) == 8 && fields[3] == "00010000" && inodes[fields[6]] {
			return fields[7]
		}
	}
	return ""
}

func holderOf(lock string) string {
	text, err := os.ReadFile(lock)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("pid %s", strings.TrimSpace(string(text)))
}
