# SPDX-License-Identifier: Apache-2.0
# Every verb works from a fresh clone: those that need the environment build it first.
# Nothing here needs root, a C compiler, BMv2 or a P4 compiler, unless the verb says so.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
VENV   ?= .venv
JOBS   ?= 2
SWITCH ?= softswitch
TOPOLOGY ?= topo/quickstart.yaml
export SWITCH

BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp-setup
LINTED := $(VENV)/.stamp-lint
PLOTTER := $(VENV)/.stamp-bench
# Wheels only: a package that would need a compiler is refused, not built.
UV     := $(shell command -v uv 2>/dev/null)
PIP    := $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
WHEELS := --only-binary :all:

.PHONY: help setup build run test ptf diff bench lint clean docs shell wheel

help: ## this list
	@echo 'usage: make VERB [SWITCH=softswitch|bmv2|auto] [PYTHON=python3.x]'
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## build the Python environment in .venv (no root, no compiler; again: does nothing)

$(STAMP): pyproject.toml Makefile tools/check_python.sh
	@PYTHON='$(PYTHON)' UV='$(UV)' sh tools/check_python.sh
	@test -x $(BIN)/python || { echo 'creating $(VENV)'; \
	  $(if $(UV),$(UV) venv --quiet --python '$(PYTHON)' $(VENV),'$(PYTHON)' -m venv $(VENV)); }
	@echo 'installing the dependencies into $(VENV)'
	@$(PIP) $(WHEELS) --editable '.[test,topo]'
	@# ptf declares netifaces, which needs a C compiler and which is used by none of the parts used here.
	@$(PIP) $(WHEELS) --no-deps 'ptf>=0.10'
	@touch $@
	@echo 'ready: $(BIN)/srv6 --help'

build: $(STAMP) ## recompile the P4 program (p4c-bm2-ss on PATH, or docker/podman with p4lang/p4c)
	@$(BIN)/python tools/build_p4.py

run: $(STAMP) ## quick start: a small SRv6 network carries packets along the segment list that you choose
	@$(BIN)/srv6 lab up $(TOPOLOGY)

test: $(STAMP) ## every test, in parallel (SWITCH=bmv2: packet tests on simple_switch_grpc, needs root)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q $(ARGS)

ptf: $(STAMP) ## the packet tests under the plain ptf command
	@$(BIN)/python ptf-tests/tools/run_ptf.py $(ARGS)

diff: $(STAMP) ## packet tests and 100 000 random packets through both engines and BMv2 (simple_switch_grpc)
	@$(BIN)/python ptf-tests/diff/run.py $(ARGS)

bench: $(PLOTTER) ## packet rates and control-plane times of the switches found here (build/bench.json, build/bench.svg)
	@mkdir -p build
	@$(BIN)/python bench/run.py --json build/bench.json --plot build/bench.svg $(ARGS)

$(PLOTTER): $(STAMP)
	@$(PIP) $(WHEELS) --editable '.[bench]'
	@touch $@

lint: $(LINTED) ## ruff and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/mypy

$(LINTED): $(STAMP)
	@$(PIP) $(WHEELS) --editable '.[lint]'
	@touch $@

docs: $(STAMP) ## regenerate what documents and schema have from tests, program and records of behaviours
	@$(BIN)/python ptf-tests/tools/behaviours.py --write
	@$(BIN)/python tools/p4_reference.py
	@$(BIN)/python tools/behaviour_tables.py
	@$(BIN)/python -m srv6cp.config.schema

shell: .venv-shell/.stamp ## p4runtime-shell in .venv-shell, an environment of its own

.venv-shell/.stamp: pyproject.toml
	@PYTHON='$(PYTHON)' UV='$(UV)' sh tools/check_python.sh
	@test -x .venv-shell/bin/python || $(if $(UV),$(UV) venv --quiet --python '$(PYTHON)' .venv-shell,'$(PYTHON)' -m venv .venv-shell)
	@'$(PYTHON)' tools/shell_requirements.py pyproject.toml > .venv-shell/requirements.txt
	@$(if $(UV),$(UV) pip install --quiet --python .venv-shell/bin/python,.venv-shell/bin/python -m pip install --quiet --disable-pip-version-check) -r .venv-shell/requirements.txt
	@touch $@
	@echo 'ready: .venv-shell/bin/python -m p4runtime_sh --grpc-addr 127.0.0.1:9559'

wheel: $(STAMP) ## build the wheel into dist/
	@$(if $(UV),$(UV) build --quiet --wheel --out-dir dist,$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .)
	@ls dist/*.whl

clean: ## remove everything that the other verbs made
	rm -rf $(VENV) .venv-shell build dist logs .mypy_cache .pytest_cache .ruff_cache .hypothesis ptf.log ptf.pcap
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
