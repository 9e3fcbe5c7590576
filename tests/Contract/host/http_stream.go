package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// httpStream speaks HTTP over a pair of pipes, one call after the other.
type httpStream struct {
	out io.Writer
	in  *bufio.Reader
}

func newHTTPStream(out io.Writer, in io.Reader) *httpStream {
	return &httpStream{out, bufio.NewReader(in)}
}

// do returns the body of a good answer; any other is an error that quotes it.
func (s *httpStream) do(method, path, kind string, content []byte) ([]byte, error) {
	request, err := http.NewRequest(method, "http://engine"+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", kind)
	if err := request.Write(s.out); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(s.in, request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= 300 {
		return nil, fmt.Errorf("%s: %s", response.Status, bytes.TrimSpace(body))
	}
	return body, nil
}
