package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// pluginFigures measures the plugin itself, over instances that are none.
func (b *bench) pluginFigures(ctx context.Context) error {
	if err := b.handshakes(); err != nil {
		return err
	}
	for _, count := range []int{0, 10, 200, 1000} {
		if err := b.calls(ctx, count); err != nil {
			return fmt.Errorf("with %d simulated instances: %w", count, err)
		}
	}
	// The one number: with as many instances as any host will have.
	if rss, measured := b.figures.value("plugin.rss_by_instances_mib.1000"); measured {
		b.figures.number("plugin.rss_mib", rss)
	}
	return nil
}

// handshakes measures plugin and reference in turns of the same kind; the runner always asks for AutoMTLS.
func (b *bench) handshakes() error {
	const count = 20
	for _, mode := range []struct {
		suffix   string
		autoMTLS bool
	}{{"", true}, {"_plain", false}} {
		for _, peer := range []struct{ name, path string }{{"plugin.handshake", b.plugin}, {"plugin.reference_handshake", b.reference}} {
			times, work, err := handshakeTimes(peer.path, count, mode.autoMTLS)
			if err != nil {
				return err
			}
			b.figures.times(peer.name+mode.suffix+"_ms", times)
			b.figures.number(peer.name+mode.suffix+"_cpu_ms", samples(work).percentile(50))
		}
		b.figures.ratio("plugin.handshake"+mode.suffix+"_ratio", "plugin.handshake"+mode.suffix+"_ms", "plugin.reference_handshake"+mode.suffix+"_ms")
	}
	return nil
}

// calls measures what the runner asks all the time.
func (b *bench) calls(ctx context.Context, count int) error {
	session, ids, err := openSimulated(ctx, b.plugin, b.simulatedConfig("calls", count), count)
	if err != nil {
		return err
	}
	defer session.client.Kill()
	key := fmt.Sprint(count)
	update, err := callTimes(b.plan.calls, func(int) error { _, err := session.Group.Update(ctx); return err })
	if err != nil {
		return err
	}
	kib, err := residentKilobytes(session.pid())
	if err != nil {
		return err
	}
	b.figures.number("plugin.rss_by_instances_mib."+key, float64(kib)/1024)
	if count == 0 {
		return session.Group.Shutdown(ctx)
	}
	heartbeat, err := callTimes(b.plan.calls, func(i int) error { return session.Group.Heartbeat(ctx, ids[i%len(ids)]) })
	if err != nil {
		return err
	}
	connect, err := callTimes(b.plan.calls, func(i int) error { _, err := session.Group.ConnectInfo(ctx, ids[i%len(ids)]); return err })
	if err != nil {
		return err
	}
	b.figures.number("plugin.update_ms."+key, update.percentile(50))
	b.figures.number("plugin.update_p95_ms."+key, update.percentile(95))
	b.figures.number("plugin.heartbeat_ms."+key, heartbeat.percentile(50))
	b.figures.number("plugin.connectinfo_ms."+key, connect.percentile(50))
	return session.Group.Shutdown(ctx)
}

// simulatedConfig has a state directory for each number of instances: those of an earlier group would be cleared away
// while this one is measured.
func (b *bench) simulatedConfig(name string, count int) pluginConfig {
	return simulatedGroup("bench-"+name, filepath.Join(b.config.text("state_directory"), fmt.Sprintf("%s-%d", name, count)))
}

func simulatedGroup(name, stateDirectory string) pluginConfig {
	return pluginConfig{"hypervisor": "simulated", "simulated_boot": "0s", "name": name, "state_directory": stateDirectory}
}

// openSimulated launches a plugin that serves count running instances; on error it is gone.
func openSimulated(ctx context.Context, plugin string, config pluginConfig, count int) (*Session, []string, error) {
	session, err := startPlugin(sessionOptions{plugin: plugin, autoMTLS: true})
	if err != nil {
		return nil, nil, err
	}
	ids, err := fillSimulated(ctx, session, config, count)
	if err != nil {
		session.client.Kill()
		return nil, nil, err
	}
	return session, ids, nil
}

func fillSimulated(ctx context.Context, session *Session, config pluginConfig, count int) ([]string, error) {
	if _, err := session.Group.Init(ctx, config.json(), Settings{}); err != nil {
		return nil, fmt.Errorf("Init: %s", errorText(err))
	}
	if accepted, err := session.Group.Increase(ctx, count); err != nil || accepted != count {
		return nil, fmt.Errorf("Increase(%d) accepted %d: %s", count, accepted, errorText(err))
	}
	waiting, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := pollUntilRunning(waiting, session, count); err != nil {
		return nil, err
	}
	instances, err := session.Group.Update(ctx)
	var ids []string
	for _, instance := range instances {
		ids = append(ids, instance.ID)
	}
	return ids, err
}

// callTimes makes calls one after another; the first tenth only warms up.
func callTimes(count int, call func(i int) error) (samples, error) {
	var times samples
	for i := -count / 10; i < count; i++ {
		begin := time.Now()
		if err := call((i + count) % count); err != nil {
			return nil, err
		}
		if i >= 0 {
			times.add(time.Since(begin))
		}
	}
	return times, nil
}
