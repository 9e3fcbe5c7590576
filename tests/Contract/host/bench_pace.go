package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand"
	"syscall"
	"time"
)

// pace is how quick the machine itself is at a moment. An emulated guest is bound by memory and page faults more than by
// arithmetic; on a rented host neighbours slow the former down by half without touching the latter.
type pace struct {
	// hashMs: SHA-256 of 8 MiB, whose reads the processor sees coming.
	hashMs float64
	// memoryNs: one read of an address that only the read before tells, within 1 MiB.
	memoryNs float64
	// faultUs: the first write to a page of new memory.
	faultUs float64
}

const (
	paceBytes = 1 << 20
	cacheLine = 64
	hashes    = 8
	reads     = 500_000
	pages     = 1024
	pageBytes = 4096
)

var (
	hashed [paceBytes]byte
	// The bytes at each line's beginning tell where the next one is: all of them are one ring, in no order that a processor could guess.
	ring = ringOfLines()
	// Kept, or a compiler could leave the reads out.
	lastLine uint32
)

func measurePace() (pace, error) {
	begin := time.Now()
	for i := 0; i < hashes; i++ {
		sum := sha256.Sum256(hashed[:])
		hashed[0] = sum[0]
	}
	hashing := time.Since(begin)

	begin = time.Now()
	for i := 0; i < reads; i++ {
		lastLine = ring[lastLine]
	}
	reading := time.Since(begin)

	memory, err := syscall.Mmap(-1, 0, pages*pageBytes, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return pace{}, fmt.Errorf("no memory to measure the machine's pace with: %w", err)
	}
	begin = time.Now()
	for i := 0; i < len(memory); i += pageBytes {
		memory[i] = 1
	}
	touching := time.Since(begin)
	return pace{
		hashMs:   milliseconds(hashing),
		memoryNs: float64(reading.Nanoseconds()) / reads,
		faultUs:  float64(touching.Nanoseconds()) / 1000 / pages,
	}, syscall.Munmap(memory)
}

// ringOfLines is the same ring whenever it is made.
func ringOfLines() []uint32 {
	const words = cacheLine / 4
	order := rand.New(rand.NewSource(1)).Perm(paceBytes / cacheLine)
	lines := make([]uint32, paceBytes/4)
	for i, line := range order {
		lines[line*words] = uint32(order[(i+1)%len(order)] * words)
	}
	return lines
}

// paces stores what the machine's own pace was at some moments.
func (f figures) paces(prefix string, all []pace) {
	var hash, memory, fault samples
	for _, p := range all {
		hash, memory, fault = append(hash, p.hashMs), append(memory, p.memoryNs), append(fault, p.faultUs)
	}
	f.times(prefix+".hash_ms", hash)
	f.times(prefix+".memory_ns", memory)
	f.times(prefix+".fault_us", fault)
}
