package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/BurntSushi/toml"
)

// pluginConfig is the operator's plugin_config.
type pluginConfig map[string]interface{}

// parseConfig reads JSON text, or, from "@FILE", the plugin_config table of the first autoscaler in a config.toml, which is
// turned into JSON the way the runner does it.
func parseConfig(text string) (pluginConfig, error) {
	if strings.HasPrefix(text, "@") {
		return readRunnerConfig(text[1:])
	}
	config := pluginConfig{}
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return nil, fmt.Errorf("-config is not a JSON object: %w", err)
	}
	return config, nil
}

func readRunnerConfig(path string) (pluginConfig, error) {
	var file struct {
		Runners []struct {
			Autoscaler struct {
				PluginConfig pluginConfig `toml:"plugin_config"`
			} `toml:"autoscaler"`
		} `toml:"runners"`
	}
	if _, err := toml.DecodeFile(path, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(file.Runners) == 0 || file.Runners[0].Autoscaler.PluginConfig == nil {
		return nil, fmt.Errorf("%s has no [runners.autoscaler.plugin_config]", path)
	}
	return file.Runners[0].Autoscaler.PluginConfig, nil
}

// with returns a copy that has the given keys replaced.
func (c pluginConfig) with(changes pluginConfig) pluginConfig {
	result := pluginConfig{}
	for key, value := range c {
		result[key] = value
	}
	for key, value := range changes {
		result[key] = value
	}
	return result
}

func (c pluginConfig) json() []byte {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // Everything in it came from a parser of JSON or TOML, or from our own literals.
	}
	return text
}

func (c pluginConfig) text(key string) string {
	value, _ := c[key].(string)
	return value
}
