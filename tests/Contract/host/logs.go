package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
)

// Record is one entry of the host's log as go-plugin produced it from what the plugin wrote to its stderr.
type Record struct {
	Level   string
	Message string
	Fields  map[string]interface{}
	// FromPlugin tells the plugin's entries from go-plugin's own.
	FromPlugin bool
	// Demoted is set when go-plugin did not understand the line and logged it as plain text at debug.
	Demoted bool
}

func (r Record) field(name string) string {
	if value, ok := r.Fields[name]; ok {
		return fmt.Sprint(value)
	}
	return ""
}

// LogSink is the output of the host's JSON logger. go-plugin logs the plugin's lines under "<host>.<plugin file name>" and
// adds a pair "timestamp" to each that it could parse: an entry of that logger without it was demoted.
type LogSink struct {
	pluginLogger string
	onRecord     func(Record)
	mutex        sync.Mutex
	records      []Record
	raw          strings.Builder
}

const hostLogger = "host"

func newLogSink(pluginFile string) *LogSink {
	return &LogSink{pluginLogger: hostLogger + "." + pluginFile}
}

func (s *LogSink) Write(line []byte) (int, error) {
	var fields map[string]interface{}
	err := json.Unmarshal(line, &fields)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.raw.Write(line)
	if err != nil {
		return len(line), nil
	}
	record := Record{Fields: fields}
	record.Level, _ = fields["@level"].(string)
	record.Message, _ = fields["@message"].(string)
	_, parsed := fields["timestamp"]
	// A pair "@module" of the plugin replaces the logger's name, which then no longer tells where the entry came from.
	record.Demoted = !parsed && fields["@module"] == s.pluginLogger
	record.FromPlugin = parsed || record.Demoted
	s.records = append(s.records, record)
	if s.onRecord != nil {
		s.onRecord(record)
	}
	return len(line), nil
}

func (s *LogSink) all() []Record {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]Record(nil), s.records...)
}

func (s *LogSink) find(matches func(Record) bool) (Record, bool) {
	for _, record := range s.all() {
		if matches(record) {
			return record, true
		}
	}
	return Record{}, false
}

// warnings are the messages of the plugin's entries at that level.
func (s *LogSink) warnings() []string {
	messages := []string{}
	for _, record := range s.all() {
		if record.FromPlugin && record.Level == "warn" {
			messages = append(messages, record.Message)
		}
	}
	return messages
}

// sayRecord shows people what an operator would see of the plugin's log.
func sayRecord(r Record) {
	if !r.FromPlugin || r.Level == "trace" || r.Level == "debug" && !r.Demoted {
		return
	}
	var pairs []string
	for name, value := range r.Fields {
		if !strings.HasPrefix(name, "@") && name != "timestamp" && name != "group" {
			pairs = append(pairs, fmt.Sprintf("%s=%v", name, value))
		}
	}
	sort.Strings(pairs)
	say("   plugin %s: %s  %s", r.Level, r.Message, strings.Join(pairs, " "))
}

// text is everything logged, for the report of a failed case.
func (s *LogSink) text() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.raw.String()
}
