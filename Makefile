# SPDX-License-Identifier: Apache-2.0
# Every verb works from a fresh clone: those that need the environment build it first.
# Nothing here needs root, a C compiler, BMv2 or a P4 compiler, unless the verb says so.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.SUFFIXES:

PYTHON ?= python3
# Versions of the dependencies: those of requirements/, the lowest that pyproject.toml declares, or the newest.
RESOLUTION ?= locked
$(if $(filter lowest locked newest,$(RESOLUTION)),,$(error RESOLUTION=$(RESOLUTION): no such choice; one of lowest, locked, newest))
VENV   ?= .venv$(patsubst %,-%,$(filter-out locked,$(RESOLUTION)))
# One more than two processors: a fifth of the time a test waits, for a switch, a timer, a process that ends.
JOBS   ?= 3
SWITCH ?= softswitch
SEED   ?= 1
FAULTS ?= 200
TOPOLOGY ?= topo/quickstart.yaml
export SWITCH

BIN    := $(VENV)/bin
STAMP  := $(VENV)/.stamp-setup
LINTED := $(VENV)/.stamp-lint
# Playwright is large: for who has a Chromium, and runs the tests or makes the pictures.
BROWSER := $(if $(shell command -v chromium || command -v chromium-browser || command -v google-chrome),$(VENV)/.stamp-browser)
PLOTTER := $(VENV)/.stamp-bench
# Wheels only: a package that would need a compiler is refused, not built.
UV     := $(shell command -v uv 2>/dev/null)
PIP    := $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)
WHEELS := --only-binary :all:
# A lock holds everything that is needed, so nothing is resolved, and ptf does not bring the netifaces that it declares,
# which needs a C compiler and which is used by none of the parts used here.
LOCKED := $(PIP) $(WHEELS) --no-deps --require-hashes --requirement
C_FILES = $(shell find softswitch bench -name '*.[ch]')

.PHONY: help setup build run web test ptf diff soak fuzz bench budget lint lint-python lint-types lint-p4 lint-c format lock clean docs pictures shell wheel

help: ## this list
	@echo 'usage: make VERB [SWITCH=softswitch|bmv2|auto] [PROFILE=transit|edge|full|hmac|mobile|telemetry|services] [PYTHON=python3.x] [RESOLUTION=lowest|locked|newest]'
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## build the Python environment in .venv (no root, no compiler; again: does nothing)

# What is newest is asked for each time.
ifeq ($(RESOLUTION),newest)
.PHONY: $(STAMP)
endif

$(STAMP): pyproject.toml requirements/test.txt Makefile tools/check_python.sh tools/requirements.py
	@PYTHON='$(PYTHON)' UV='$(UV)' sh tools/check_python.sh
	@test -x $(BIN)/python || { echo 'creating $(VENV)'; \
	  $(if $(UV),$(UV) venv --quiet --python '$(PYTHON)' $(VENV),'$(PYTHON)' -m venv $(VENV)); }
	@echo 'installing the dependencies into $(VENV) ($(RESOLUTION))'
ifeq ($(RESOLUTION),locked)
	@$(LOCKED) requirements/test.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
else
	@$(if $(filter lowest,$(RESOLUTION)),$(BIN)/python tools/requirements.py lowest test topo web,true) > $(VENV)/constraints.txt
	@$(PIP) $(WHEELS) --upgrade --constraint $(VENV)/constraints.txt --editable '.[test,topo,web]'
	@$(PIP) $(WHEELS) --upgrade --constraint $(VENV)/constraints.txt --no-deps "$$($(BIN)/python tools/requirements.py group ptf)"
endif
	@touch $@
	@echo 'ready: $(BIN)/srv6 --help'

build: $(STAMP) ## recompile the P4 program, all profiles or PROFILE=NAME (p4c-bm2-ss on PATH, or an engine with p4lang/p4c)
	@$(BIN)/python tools/build_p4.py $(if $(PROFILE),--profile $(PROFILE))
	@$(if $(PROFILE),,$(BIN)/python tools/build_p4.py --program ptf-tests/unit/p4src/srh_list.p4 --out ptf-tests/unit/p4src/build)

run: $(STAMP) ## quick start: a small SRv6 network carries packets along the segment list that you choose
	@$(BIN)/srv6 lab up $(TOPOLOGY)

web: $(STAMP) ## the same network in a browser, with traffic: http://127.0.0.1:8480 with the token that it prints
	@$(BIN)/srv6 lab up $(TOPOLOGY) --web

# Hundreds of Pythons start: where they must not leave bytecode beside the sources they find it in build/.
ifdef PYTHONDONTWRITEBYTECODE
test ptf diff: export PYTHONPYCACHEPREFIX ?= $(CURDIR)/build/pycache
test ptf diff: export PYTHONDONTWRITEBYTECODE :=
endif

test: $(STAMP) $(BROWSER) ## every test, in parallel (SWITCH=bmv2: packet tests on simple_switch_grpc, root; PROFILE=transit: with that one)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -q $(ARGS)

ptf: $(STAMP) ## the packet tests under the plain ptf command
	@$(BIN)/python ptf-tests/tools/run_ptf.py $(ARGS)

diff: $(STAMP) ## packet tests and 100 000 random packets through both engines and BMv2 (simple_switch_grpc; PROFILE=hmac)
	@$(BIN)/python ptf-tests/diff/run.py $(ARGS)

soak: $(STAMP) ## faults on purpose: controllers and switch killed, stopped, cut off, meanwhile edits and traffic (SEED=1 FAULTS=200)
	@$(BIN)/python ptf-tests/soak/run.py --seed $(SEED) --faults $(FAULTS) $(ARGS)

fuzz: $(STAMP) ## hostile names, mutated programs, requests, frames under sanitizers, files (hours; ARGS='--only frames --seconds 600')
	@$(BIN)/python ptf-tests/fuzz/run.py $(ARGS)

bench: $(PLOTTER) ## packet rates and control-plane times of the switches found here (build/bench.json, build/bench.svg)
	@mkdir -p build
	@$(BIN)/python bench/run.py --json build/bench.json --plot build/bench.svg $(ARGS)

budget: $(STAMP) ## what the usual packet costs in each profile, against p4src/budget.json (ARGS=--write: accept it)
	@$(BIN)/python tools/budget.py $(ARGS)

$(VENV)/.stamp-browser: $(STAMP) requirements/browser.txt
	@$(LOCKED) requirements/browser.txt
	@touch $@

$(PLOTTER): $(STAMP)
	@$(PIP) $(WHEELS) --editable '.[bench]'
	@touch $@

lint: $(LINTED) ## all checkers and formats: ruff, mypy --strict, P4 style, clang-format
	@$(MAKE) --no-print-directory --silent --keep-going lint-python lint-types lint-p4 lint-c || \
	  { echo "make lint: failed, see above; 'make format' mends the format of Python and C" >&2; exit 1; }
	@echo 'make lint: nothing to complain of'

lint-python: $(LINTED)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check .

lint-types: $(LINTED)
	@$(BIN)/mypy --no-error-summary

lint-p4: $(STAMP)
	@$(BIN)/python tools/p4_style.py

lint-c: $(LINTED)
	@$(BIN)/clang-format --dry-run --Werror $(C_FILES)

format: $(LINTED) ## write Python and C in the format that make lint asks for
	@$(BIN)/ruff check --quiet --select I --fix .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/clang-format -i $(C_FILES)

$(LINTED): $(STAMP) requirements/lint.txt
	@$(LOCKED) requirements/lint.txt
	@touch $@

docs: $(STAMP) ## regenerate what documents and schema have from tests, program and records of behaviours
	@$(BIN)/python ptf-tests/tools/behaviours.py --write
	@$(BIN)/python tools/p4_reference.py
	@$(BIN)/python tools/behaviour_tables.py
	@$(BIN)/python -m srv6cp.config.schema
	@$(BIN)/python -m srv6lab.schema

shell: .venv-shell/.stamp ## p4runtime-shell in .venv-shell, an environment of its own

.venv-shell/.stamp: pyproject.toml tools/requirements.py
	@PYTHON='$(PYTHON)' UV='$(UV)' sh tools/check_python.sh
	@test -x .venv-shell/bin/python || $(if $(UV),$(UV) venv --quiet --python '$(PYTHON)' .venv-shell,'$(PYTHON)' -m venv .venv-shell)
	@'$(PYTHON)' tools/requirements.py group shell > .venv-shell/requirements.txt
	@$(if $(UV),$(UV) pip install --quiet --python .venv-shell/bin/python,.venv-shell/bin/python -m pip install --quiet --disable-pip-version-check) -r .venv-shell/requirements.txt
	@touch $@
	@echo 'ready: .venv-shell/bin/python -m p4runtime_sh --grpc-addr 127.0.0.1:9559'

pictures: $(STAMP) $(BROWSER) ## the pictures of the lab's page in docs/ (Chromium)
	@$(BIN)/python tools/lab_pictures.py

# The oldest Python that is supported, so that the lock holds for all of them; no URL of an index is written.
LOCKER := $(or $(UV),.venv-lock/bin/uv)
LOCK = UV_PYTHON_DOWNLOADS=never $(LOCKER) pip compile --quiet --universal --python-version 3.10 $(WHEELS) --generate-hashes \
  --no-annotate --custom-compile-command 'make lock' $(ARGS)

lock: $(filter .venv-lock/%,$(LOCKER)) ## renew requirements/ from pyproject.toml (ARGS=--upgrade: newer versions too)
	@$(LOCK) --extra test --extra topo --extra web --group ptf --output-file requirements/test.txt pyproject.toml
	@'$(PYTHON)' tools/requirements.py extra lint | $(LOCK) --constraint requirements/test.txt --output-file requirements/lint.txt -
	@'$(PYTHON)' tools/requirements.py extra browser | $(LOCK) --constraint requirements/test.txt --output-file requirements/browser.txt -

.venv-lock/bin/uv:
	@PYTHON='$(PYTHON)' UV= sh tools/check_python.sh
	@'$(PYTHON)' -m venv .venv-lock
	@.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check $(WHEELS) "$$('$(PYTHON)' tools/requirements.py group lock)"

wheel: $(STAMP) ## build the wheel into dist/
	@$(if $(UV),$(UV) build --quiet --wheel --out-dir dist,$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .)
	@ls dist/*.whl

clean: ## remove everything that the other verbs made
	rm -rf .venv .venv-* $(VENV) build dist logs .mypy_cache .pytest_cache .ruff_cache .hypothesis ptf.log ptf.pcap
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
