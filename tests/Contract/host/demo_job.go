package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// job does with one running instance what the instance executor does: connection data, login, the script on a shell's
// input, the artifact back.
func (d *demo) job(ctx context.Context, instance *demoInstance) error {
	info, err := d.session.Group.ConnectInfo(ctx, instance.id)
	if err != nil {
		return fmt.Errorf("ConnectInfo: %s", errorText(err))
	}
	status, err := d.readStatus(ctx, instance.id)
	if err != nil {
		return err
	}
	instance.accepted = status.AcceptedAt
	instance.timeline = status.Timeline
	instance.hypervisor = status.Hypervisor
	say("== %s: ssh %s@%s", instance.id, info.Username, info.InternalAddr)
	client, err := login(ctx, info, status.HostKey)
	if err != nil {
		return err
	}
	defer client.Close()
	defer closeWhenDone(ctx, client)()

	output := &lineWriter{line: func(text string) { say("[%s] %s", instance.id, text) }}
	err = runScript(client, jobScript(d.repository), output)
	output.flush()
	if err != nil {
		return err
	}
	artifact, err := readFile(client, "builds/project/build/squares.txt")
	if err != nil {
		return err
	}
	sum := sha256.Sum256(artifact)
	if text := hex.EncodeToString(sum[:]); text != d.artifact {
		return fmt.Errorf("the artifact (%d bytes) has SHA-256 %s, want %s", len(artifact), text, d.artifact)
	}
	say("== %s: artifact of %d bytes, SHA-256 as expected", instance.id, len(artifact))
	instance.mark("job")
	return nil
}

// jobScript is a CI job as the runner's shell generator writes it, in small.
func jobScript(repository string) string {
	return strings.ReplaceAll(`set -eo pipefail
export LC_ALL=C.UTF-8 GIT_TERMINAL_PROMPT=0
echo "Running on $(hostname) as $(id -un), $(uname -sr), $(nproc) CPU"
mkdir -p builds && cd builds && rm -rf project
echo '$ git clone REPOSITORY'
git clone --quiet REPOSITORY project
cd project
git log --oneline -1
echo '$ make'
make
echo '$ make test'
make test
sha256sum build/squares.txt
echo 'Job succeeded'
`, "REPOSITORY", repository)
}

// lineWriter hands whole lines on.
type lineWriter struct {
	line func(string)
	rest string
}

func (w *lineWriter) Write(data []byte) (int, error) {
	lines := strings.Split(w.rest+string(data), "\n")
	w.rest = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		w.line(line)
	}
	return len(data), nil
}

func (w *lineWriter) flush() {
	if w.rest != "" {
		w.line(w.rest)
		w.rest = ""
	}
}
