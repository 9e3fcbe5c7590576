package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// serveFiles listens at once and serves in the background; git's dumb protocol needs no more than plain files.
func serveFiles(address, root string, log io.Writer, failures chan<- error) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	files := http.FileServer(http.Dir(root))
	var mutex sync.Mutex
	handler := http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		recorder := &statusRecorder{ResponseWriter: answer, status: http.StatusOK}
		files.ServeHTTP(recorder, request)
		client, _, _ := net.SplitHostPort(request.RemoteAddr)
		mutex.Lock()
		defer mutex.Unlock()
		fmt.Fprintf(log, "%s %s %s %d\n", client, request.Method, request.URL.Path, recorder.status)
	})
	go func() { failures <- http.Serve(listener, handler) }()
	return nil
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
