package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// From linux/fs.h and linux/fiemap.h.
const (
	fsIocFiemap        = 0xc020660b
	fiemapFlagSync     = 0x1
	fiemapExtentLast   = 0x1
	fiemapExtentShared = 0x2000
)

type fiemapExtent struct {
	logical, physical, length uint64
	_                         [2]uint64
	flags                     uint32
	_                         [3]uint32
}

type fiemap struct {
	start, length                        uint64
	flags, mappedExtents, extentCount, _ uint32
	extents                              [128]fiemapExtent
}

// unsharedBytes is the allocated space of a file without the blocks that other files have too, as after a reflink.
func unsharedBytes(path string) (bytes uint64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for start := uint64(0); ; {
		ask := fiemap{start: start, length: ^uint64(0) - start, flags: fiemapFlagSync}
		ask.extentCount = uint32(len(ask.extents))
		if _, _, code := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), fsIocFiemap, uintptr(unsafe.Pointer(&ask))); code != 0 {
			return 0, fmt.Errorf("FS_IOC_FIEMAP of %s: %w", path, code)
		}
		for _, extent := range ask.extents[:ask.mappedExtents] {
			if extent.flags&fiemapExtentShared == 0 {
				bytes += extent.length
			}
			if extent.flags&fiemapExtentLast != 0 {
				return bytes, nil
			}
			start = extent.logical + extent.length
		}
		if ask.mappedExtents == 0 {
			return bytes, nil
		}
	}
}
