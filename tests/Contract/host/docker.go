package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/crypto/ssh"
)

// dockerVisit does in a guest what docker-autoscaler does: the engine's API over `docker system dial-stdio`, many sessions on
// one connection.
type dockerVisit struct {
	sessions int
	image    []byte
}

func runDocker(args []string) error {
	d, flags := newDemo("docker")
	g := &guests{demo: d}
	visit := dockerVisit{}
	flags.IntVar(&g.count, "count", 1, "instances")
	flags.IntVar(&visit.sessions, "sessions", 20, "sessions at once on one connection")
	program := flags.String("program", "", "static program that is the whole container")
	flags.StringVar(&g.outDir, "out", "", "directory for one file for each instance, named by its id")
	g.visitOne = visit.run
	return g.runWith(flags, args, func(ctx context.Context) error {
		content, err := os.ReadFile(*program)
		if err != nil {
			return err
		}
		if visit.image, err = buildContext(content); err != nil {
			return err
		}
		return g.run(ctx)
	})
}

// buildContext is the tar that the engine builds the image from.
func buildContext(program []byte) ([]byte, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	for _, file := range []struct {
		name    string
		content []byte
	}{
		{"Dockerfile", []byte("FROM scratch\nCOPY program /program\nENTRYPOINT [\"/program\"]\n")},
		{"program", program},
	} {
		if err := writer.WriteHeader(&tar.Header{Name: file.name, Mode: 0o755, Size: int64(len(file.content))}); err != nil {
			return nil, err
		}
		if _, err := writer.Write(file.content); err != nil {
			return nil, err
		}
	}
	return archive.Bytes(), writer.Close()
}

func (v *dockerVisit) run(client *ssh.Client, output io.Writer) error {
	if err := v.askAtOnce(client, output); err != nil {
		return err
	}
	engine, err := dialEngine(client)
	if err != nil {
		return err
	}
	defer engine.close()
	said, err := engine.runContainer(v.image)
	if err != nil {
		return err
	}
	fmt.Fprintf(output, "container=%s\n", said)
	return runScript(client, `for link in eth0 docker0; do echo "$link=mtu $(cat /sys/class/net/$link/mtu)"; done`, output)
}

// askAtOnce opens all sessions, and closes none before every one has its answer.
func (v *dockerVisit) askAtOnce(client *ssh.Client, output io.Writer) error {
	type answer struct {
		engine *engine
		id     string
		err    error
	}
	answers := make(chan answer, v.sessions)
	for i := 0; i < v.sessions; i++ {
		go func() {
			engine, err := dialEngine(client)
			if err != nil {
				answers <- answer{err: err}
				return
			}
			var info struct{ ID string }
			err = engine.call(http.MethodGet, "/info", nil, &info)
			answers <- answer{engine, info.ID, err}
		}()
	}
	var failure error
	ids := map[string]int{}
	for i := 0; i < v.sessions; i++ {
		each := <-answers
		if each.engine != nil {
			defer each.engine.close()
		}
		if each.err != nil {
			failure = fmt.Errorf("one of %d sessions at once: %w", v.sessions, each.err)
		}
		ids[each.id]++
	}
	for id, count := range ids {
		fmt.Fprintf(output, "engine_id=%s\nsessions=%d\n", id, count)
	}
	return failure
}

// engine is one `docker system dial-stdio` and the HTTP connection through it.
type engine struct {
	session *ssh.Session
	http    *httpStream
}

func dialEngine(client *ssh.Client) (*engine, error) {
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	input, err := session.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := session.Start("docker system dial-stdio"); err != nil {
		session.Close()
		return nil, err
	}
	return &engine{session, newHTTPStream(input, output)}, nil
}

func (e *engine) close() { e.session.Close() }

// call sends an object or a tar and reads the answer's object, if anybody wants it.
func (e *engine) call(method, path string, body, answer interface{}) error {
	content, kind := []byte(nil), "application/json"
	switch value := body.(type) {
	case nil:
	case []byte:
		content, kind = value, "application/x-tar"
	default:
		encoded, err := json.Marshal(value)
		if err != nil {
			return err
		}
		content = encoded
	}
	received, err := e.http.do(method, path, kind, content)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	switch value := answer.(type) {
	case nil:
		return nil
	case *string:
		*value = string(received)
		return nil
	default:
		return json.Unmarshal(received, answer)
	}
}

// runContainer builds the image, runs it once and returns what it said.
func (e *engine) runContainer(image []byte) (string, error) {
	const tag = "vmpool-test"
	var progress string
	if err := e.call(http.MethodPost, "/build?t="+tag, image, &progress); err != nil {
		return "", err
	}
	if strings.Contains(progress, `"error"`) {
		return "", fmt.Errorf("the engine could not build the image: %s", progress)
	}
	var container struct{ Id string }
	// With a terminal the log is plain text.
	if err := e.call(http.MethodPost, "/containers/create", map[string]interface{}{"Image": tag, "Tty": true}, &container); err != nil {
		return "", err
	}
	path := "/containers/" + url.PathEscape(container.Id)
	if err := e.call(http.MethodPost, path+"/start", nil, nil); err != nil {
		return "", err
	}
	var end struct{ StatusCode int }
	if err := e.call(http.MethodPost, path+"/wait", nil, &end); err != nil {
		return "", err
	}
	var log string
	if err := e.call(http.MethodGet, path+"/logs?stdout=1&stderr=1", nil, &log); err != nil {
		return "", err
	}
	if end.StatusCode != 0 {
		return "", fmt.Errorf("the container ended with exit code %d: %s", end.StatusCode, log)
	}
	return strings.TrimSpace(log), nil
}
