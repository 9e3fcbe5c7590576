# `make help` lists everything. Each target sets up what it needs (Debian packages need root).
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory

# auto, qemu or cloud-hypervisor
HYPERVISOR ?= qemu
PLUGIN := artifacts/publish/fleeting-plugin-vmpool

.PHONY: help build publish test unit contract e2e demo bench bench-check lint format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Compile everything
	@scripts/ensure-packages build
	dotnet build FleetingPluginVmPool.slnx --nologo

publish: ## Make the one-file executable artifacts/publish/fleeting-plugin-vmpool
	@scripts/ensure-packages build
	dotnet publish src/FleetingPlugin --nologo -c Release -o artifacts/publish -p:DebugType=none

test: ## Run all tests: units, contract with a real Go host, real virtual machines (root)
	@scripts/ensure-packages test
	$(MAKE) publish
	scripts/test

unit: ## Run the tests that need no published plugin
	@scripts/ensure-packages test
	scripts/test $$(basename -s .csproj tests/*/*.Tests.csproj | grep -vxE 'Contract.Tests|EndToEnd.Tests')

contract: ## Run the contract tests of the published plugin under a real Go host
	@scripts/ensure-packages test
	$(MAKE) publish
	scripts/test Contract.Tests

e2e: ## Run the tests with real virtual machines (root; RELEASE=trixie: Debian 13 in the guests)
	@scripts/ensure-packages test
	$(MAKE) publish
	scripts/test EndToEnd.Tests

demo: ## The main job: two CI jobs in two fresh virtual machines (root; HYPERVISOR=qemu)
	@scripts/ensure-packages demo
	$(MAKE) publish
	HYPERVISOR=$(HYPERVISOR) tests/demo/run-demo $(PLUGIN)

bench: ## Measure clones, spares and boots against each other, and the plugin (root; QUICK=1: in 6 minutes)
	@scripts/ensure-packages demo
	$(MAKE) publish
	scripts/bench $(PLUGIN)

bench-check: ## Measure the figures we promise, compare with the goals
	@scripts/ensure-packages test
	$(MAKE) publish
	scripts/bench-check $(PLUGIN)

lint: ## Check formatting of C# and Go, and shell scripts where shellcheck is installed
	@dotnet format FleetingPluginVmPool.slnx --verify-no-changes
	unformatted=$$(/usr/bin/gofmt -l tests/Contract)
	if [[ -n $$unformatted ]]; then echo "gofmt would change: $$unformatted"; exit 1; fi
	if command -v shellcheck >/dev/null; then shellcheck -x scripts/* .ci/run tests/demo/run-demo tests/demo/stage.bash tests/EndToEnd.Tests/scenarios/*; else echo "shellcheck is not installed: scripts were not checked"; fi

format: ## Format C# and Go
	dotnet format FleetingPluginVmPool.slnx
	/usr/bin/gofmt -w tests/Contract

clean: ## Remove build output (caches and images of other runs stay)
	rm -rf artifacts
	find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
