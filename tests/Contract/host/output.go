package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

var outputMutex sync.Mutex

// emit writes one JSON line for the program that called us.
func emit(value interface{}) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	outputMutex.Lock()
	defer outputMutex.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

// say writes one line for people.
func say(format string, args ...interface{}) {
	outputMutex.Lock()
	defer outputMutex.Unlock()
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
