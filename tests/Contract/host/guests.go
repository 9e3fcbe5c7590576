package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// guests visits several instances at once and keeps what each of them said, for tests that compare guests.
type guests struct {
	*demo
	visitOne    func(client *ssh.Client, output io.Writer) error
	outDir      string
	foreignKeys bool
}

func runGuests(args []string) error {
	d, flags := newDemo("guests")
	g := guests{demo: d}
	flags.IntVar(&g.count, "count", 1, "instances")
	script := flags.String("script", "", "file whose content a shell in every guest gets")
	flags.StringVar(&g.outDir, "out", "", "directory for one file for each instance, named by its id")
	flags.BoolVar(&g.foreignKeys, "foreign-keys", false, "also check that no instance's key opens another")
	return g.runWith(flags, args, func(ctx context.Context) error {
		content, err := os.ReadFile(*script)
		if err != nil {
			return err
		}
		g.visitOne = func(client *ssh.Client, output io.Writer) error { return runScript(client, string(content), output) }
		return g.run(ctx)
	})
}

func (g *guests) run(ctx context.Context) error {
	if err := os.MkdirAll(g.outDir, 0o755); err != nil {
		return err
	}
	if err := g.open(ctx); err != nil {
		return err
	}
	defer g.session.client.Kill()
	return g.close(g.visit(ctx))
}

func (g *guests) visit(ctx context.Context) error {
	if err := g.waitForAll(ctx); err != nil {
		return err
	}
	infos := map[string]ConnectInfo{}
	for id := range g.instances {
		info, err := g.session.Group.ConnectInfo(ctx, id)
		if err != nil {
			return fmt.Errorf("ConnectInfo(%s): %s", id, errorText(err))
		}
		infos[id] = info
	}
	if err := g.ask(ctx, infos); err != nil {
		return err
	}
	if g.foreignKeys {
		return g.tryForeignKeys(ctx, infos)
	}
	return nil
}

// waitForAll asks for the instances and returns when every one of them runs.
func (g *guests) waitForAll(ctx context.Context) error {
	accepted, err := g.session.Group.Increase(ctx, g.count)
	if err != nil || accepted != g.count {
		return fmt.Errorf("Increase(%d) accepted %d: %s", g.count, accepted, errorText(err))
	}
	for {
		if err := g.poll(ctx); err != nil {
			return err
		}
		running := 0
		for _, instance := range g.instances {
			switch instance.state {
			case stateRunning:
				running++
			case stateDeleting, stateDeleted:
				return fmt.Errorf("instance %s is %s (the plugin's log above says why)", instance.id, instance.state)
			}
		}
		if running == g.count {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d instances were running: %w", running, g.count, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ask visits all guests at the same time.
func (g *guests) ask(ctx context.Context, infos map[string]ConnectInfo) error {
	failures := make(chan error, len(infos))
	var asking sync.WaitGroup
	for id, info := range infos {
		asking.Add(1)
		go func(id string, info ConnectInfo) {
			defer asking.Done()
			if err := g.askOne(ctx, info); err != nil {
				failures <- fmt.Errorf("%s: %w", id, err)
			}
		}(id, info)
	}
	asking.Wait()
	close(failures)
	return <-failures // nil when there was none
}

func (g *guests) askOne(ctx context.Context, info ConnectInfo) error {
	return g.withLogin(ctx, info, func(client *ssh.Client, status instanceStatus) error {
		var output lockedBuffer
		before := time.Now()
		err := g.visitOne(client, &output)
		// The login has proven that the guest serves this very host key.
		fmt.Fprintf(&output, "host.before_ns=%d\nhost.after_ns=%d\nhost.served_key=%s\n", before.UnixNano(), time.Now().UnixNano(), status.HostKey)
		if writing := os.WriteFile(filepath.Join(g.outDir, info.ID), output.taken.Bytes(), 0o644); writing != nil {
			return writing
		}
		if err != nil {
			return fmt.Errorf("%w; it said:\n%s", err, output.taken.String())
		}
		return nil
	})
}

// lockedBuffer takes both outputs of a session, which arrive from two goroutines.
// The buffer is not embedded: its ReadFrom would be found and used, past the lock.
type lockedBuffer struct {
	gate  sync.Mutex
	taken bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.gate.Lock()
	defer b.gate.Unlock()
	return b.taken.Write(data)
}

// tryForeignKeys tries each instance's key on the next one, whose own key works.
func (g *guests) tryForeignKeys(ctx context.Context, infos map[string]ConnectInfo) error {
	var ids []string
	for id := range infos {
		ids = append(ids, id)
	}
	for i, id := range ids {
		stranger := infos[id]
		stranger.Key = infos[ids[(i+1)%len(ids)]].Key
		status, err := g.readStatus(ctx, id)
		if err != nil {
			return err
		}
		client, err := login(ctx, stranger, status.HostKey)
		if err == nil {
			client.Close()
			return fmt.Errorf("the key of %s opens %s", ids[(i+1)%len(ids)], id)
		}
		say("== %s refuses the key of %s: %v", id, ids[(i+1)%len(ids)], err)
	}
	return nil
}
