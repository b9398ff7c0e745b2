# Bailiwick. `make` prints this menu.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.locked
COMPILED := $(if $(shell command -v cc),.cache/compiled)

.PHONY: help run test unit e2e check fmt docs bench bench-shell bench-dlp bench-audit bench-skills e2e-newest nightly test-compiled wheel install clean

help: ## print this menu
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock pyproject.toml
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Bailiwick needs Python 3.11 or newer")'
	test -x $(BIN)/pip || python3 -m venv $(VENV) || { rm -rf $(VENV); [ "$$(id -u)" = 0 ] && \
	  apt-get update -qq && apt-get install -qq -y python3-venv && python3 -m venv $(VENV); } || \
	  { echo "Debian and Ubuntu keep venv apart: apt-get install python3-venv, then run make again" >&2; exit 3; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

run: $(STAMP) ## govern a real session: the real client, a scripted model, a real policy
	scripts/client >/dev/null
	scripts/sandbox $(BIN)/python scripts/demo

test: unit e2e ## all tests, the real client included

unit: $(STAMP) ## tests that need no client
	scripts/judges || true  # the tests that need them are skipped, and say so
	scripts/receivers || true
	$(BIN)/pytest tests --ignore=tests/e2e --ignore=tests/systemd -m "not nightly" -n auto

e2e: $(STAMP) ## scenarios with the real client, in a sandbox without network
	scripts/client >/dev/null
	scripts/receivers || true
	$(BIN)/python -m compileall -q src  # the sandbox sees the sources read-only and could keep no byte code
	$(MAKE) --no-print-directory --output-sync -k -j2 e2e-part-1 e2e-part-2 e2e-machine

e2e-part-%:  # a machine of its own for each core: tests that install for the whole machine meet no others
	scripts/sandbox $(BIN)/pytest tests/e2e -m "e2e and not nightly" --part $*/2

e2e-machine:  # needs a real root, which the sandbox hasn't
	$(BIN)/pytest tests/systemd

check: $(STAMP) ## what CI runs besides the tests: format, lint, types, the house, generated docs
	$(BIN)/ruff format --check src tests scripts
	$(BIN)/ruff check src tests scripts
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_docs --check

fmt: $(STAMP) ## format and fix what can be fixed
	$(BIN)/ruff format src tests scripts
	$(BIN)/ruff check --fix src tests scripts

docs: $(STAMP) ## generate the reference docs
	$(BIN)/python scripts/generate_docs

bench: $(STAMP) $(COMPILED) ## measure: what governing costs, on the real client
	scripts/client >/dev/null
	scripts/sandbox $(BIN)/python scripts/bench
	[ -z "$(COMPILED)" ] || echo "Compiled (docs/adr/0023):"
	[ -z "$(COMPILED)" ] || PYTHONPATH=$(COMPILED) $(BIN)/python scripts/bench --no-client

bench-shell: $(STAMP) $(COMPILED) ## measure: how well and how fast shell commands are understood
	$(BIN)/python scripts/bench_shell

bench-audit: $(STAMP) $(COMPILED) ## measure: the audit trail (EVENTS=2000000 for the promised size)
	$(BIN)/python scripts/bench_audit
	[ -z "$(COMPILED)" ] || echo "Compiled (docs/adr/0023):"
	[ -z "$(COMPILED)" ] || PYTHONPATH=$(COMPILED) $(BIN)/python scripts/bench_audit

bench-skills: $(STAMP) ## measure: time, memory and verdicts over a folder of skills (SKILLS=DIR)
	$(BIN)/python scripts/bench_skills $(SKILLS)

bench-dlp: $(STAMP) ## measure: how well and how fast secrets and personal data are found, beside any rival that is here
	$(BIN)/python scripts/bench_dlp

nightly: $(STAMP) ## long fuzzing, oracles and chaos
	scripts/judges
	scripts/witness || true  # the tests that need them are skipped, and say so
	scripts/oracles || true
	scripts/client >/dev/null
	scripts/sandbox $(BIN)/pytest tests -m nightly -rs
	$(BIN)/pytest tests/service/index  # both engines, now that the other is there
	$(MAKE) --no-print-directory test-compiled
	$(MAKE) --no-print-directory e2e-newest

e2e-newest: $(STAMP) ## the scenarios with the newest client that npm has, whichever it is today
	version=$$(npm view @anthropic-ai/claude-code version) && echo "client $$version" && \
	  CLAUDE_CODE_VERSION=$$version $(MAKE) --no-print-directory e2e

# By a Python that finds the wheel first: PYTHONPATH would not reach the service that tests start, which is isolated (-I).
test-compiled: .cache/compiled ## the tests of the rooms that are compiled, with the compiled wheel
	$(BIN)/python -m venv --without-pip --clear .cache/compiled-python
	for site in .cache/compiled-python/lib/python3*/site-packages; do \
	  printf '%s\n' $(CURDIR)/.cache/compiled $(CURDIR)/$(VENV)/lib/python3*/site-packages > $$site/compiled.pth; done
	.cache/compiled-python/bin/python -m pytest tests/model tests/analysis/shell tests/analysis/commands tests/decision \
	  tests/corpora tests/redteam tests/audit tests/service -m "not nightly" -n auto

# From a copy, since a compiled module beside its source would be loaded in its stead.
wheel: $(STAMP) ## build a wheel for this Python and machine, compiled by mypyc (needs a C compiler; two minutes)
	@command -v cc >/dev/null || { echo "no C compiler: apt-get install gcc, then run make again; pip wheel . needs none" >&2; exit 3; }
	rm -rf .cache/wheel && mkdir -p .cache/wheel && cp -r pyproject.toml README.md LICENSE src .cache/wheel
	cd .cache/wheel && HATCH_BUILD_HOOK_ENABLE_MYPYC=true $(CURDIR)/$(BIN)/python -m hatchling build -t wheel -d $(CURDIR)/dist

.cache/compiled: $(shell find src -name '*.py')
	$(MAKE) --no-print-directory wheel
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --upgrade --target $@ dist/*-cp*.whl
	touch $@

# An environment of its own, since Debian and Ubuntu let pip change no other. Root's is for the whole machine, and its
# command stands where sudo looks.
install: HOMES := $(if $(filter 0,$(shell id -u)),/opt /usr/local/bin,$(HOME)/.local/share $(HOME)/.local/bin)
install: SOURCE := .
install: ## install the `bailiwick` command: for this account, as root for the machine (SOURCE=WHEEL: what `make wheel` built)
	python3 -m venv "$(word 1,$(HOMES))/bailiwick"
	"$(word 1,$(HOMES))/bailiwick/bin/pip" install -q --disable-pip-version-check $(SOURCE)
	mkdir -p "$(word 2,$(HOMES))"
	ln -sf "$(word 1,$(HOMES))/bailiwick/bin/bailiwick" "$(word 2,$(HOMES))/bailiwick"
	@case ":$$PATH:" in *":$(word 2,$(HOMES)):"*) ;; *) echo "$(word 2,$(HOMES)) is not on your PATH yet" ;; esac
	"$(word 2,$(HOMES))/bailiwick" --version

clean: ## remove everything that was set up here
	rm -rf $(VENV) .cache
