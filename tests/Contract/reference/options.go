package main

import (
	"encoding/json"
	"fmt"
	"net"
	"sort"
	"strings"
	"time"
)

// options are the keys of plugin_config that the suite uses.
type options struct {
	Name           string
	StateDirectory string
	User           string
	MaxVms         int
	Boot           time.Duration
	FailureRate    float64
	Fault          string
}

var knownKeys = []string{
	"boot_timeout", "hypervisor", "max_vms", "name", "simulated_boot", "simulated_failure_rate", "simulated_fault",
	"simulated_seed", "start", "state_directory", "vm_memory_mb", "vm_num_cpu_cores", "vm_subnet", "vm_user",
}

// parseOptions reports all faults of a configuration at once.
func parseOptions(text []byte, username string) (options, error) {
	result := options{Name: "default", User: "ci", MaxVms: 2048, Boot: time.Second}
	var keys map[string]interface{}
	if err := json.Unmarshal(text, &keys); err != nil {
		return result, fmt.Errorf("plugin_config is not valid JSON: %v", err)
	}
	reader := &optionReader{keys: keys}
	for _, key := range sortedKeys(keys) {
		reader.checkKnown(key)
	}
	reader.text("name", &result.Name)
	reader.text("state_directory", &result.StateDirectory)
	reader.text("simulated_fault", &result.Fault)
	if subnet := ""; reader.text("vm_subnet", &subnet) {
		if _, network, err := net.ParseCIDR(subnet); err != nil {
			reader.fault("vm_subnet: %v", err)
		} else {
			ones, bits := network.Mask.Size()
			result.MaxVms = 1 << (bits - ones - 1)
		}
	}
	var number float64
	if reader.number("max_vms", &number) {
		result.MaxVms = int(number)
	}
	reader.number("vm_memory_mb", &number)
	reader.number("simulated_failure_rate", &result.FailureRate)
	reader.duration("simulated_boot", &result.Boot)
	var ignored time.Duration
	reader.duration("boot_timeout", &ignored)
	if reader.text("vm_user", &result.User) && username != "" && username != result.User {
		reader.fault("vm_user is %q but connector_config's username is %q", result.User, username)
	}
	if username != "" {
		result.User = username
	}
	if len(reader.faults) > 0 {
		return result, fmt.Errorf("plugin_config is not usable:\n- %s", strings.Join(reader.faults, "\n- "))
	}
	return result, nil
}

type optionReader struct {
	keys   map[string]interface{}
	faults []string
}

func (r *optionReader) fault(format string, args ...interface{}) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func (r *optionReader) checkKnown(key string) {
	near := ""
	for _, known := range knownKeys {
		if known == key {
			return
		}
		if strings.HasPrefix(known, key) {
			near = fmt.Sprintf("; did you mean %q?", known)
		}
	}
	r.fault("%q is not a known key%s", key, near)
}

func (r *optionReader) text(key string, into *string) bool {
	value, present := r.keys[key]
	if !present {
		return false
	}
	text, ok := value.(string)
	if !ok {
		r.fault("%s is %v, want a string", key, value)
		return false
	}
	*into = text
	return true
}

func (r *optionReader) number(key string, into *float64) bool {
	value, present := r.keys[key]
	if !present {
		return false
	}
	number, ok := value.(float64)
	if !ok {
		r.fault("%s is %v, want a number", key, value)
		return false
	}
	*into = number
	return true
}

func (r *optionReader) duration(key string, into *time.Duration) {
	text := ""
	if !r.text(key, &text) {
		return
	}
	value, err := time.ParseDuration(text)
	if err != nil {
		r.fault("%s is %q, want a duration like 90s", key, text)
		return
	}
	*into = value
}

func sortedKeys(keys map[string]interface{}) []string {
	var result []string
	for key := range keys {
		result = append(result, key)
	}
	sort.Strings(result)
	return result
}
