# Everything runs from two virtual environments that this file makes from the
# hash-pinned lock files: .venv for development, .venv-demo for the demo alone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Override with PYTHON=/path/to/python; otherwise the first 3.11 or later on the PATH that runs.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$candidate" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && { command -v "$$candidate"; break; }; done)

ARGS ?=
PYTEST_ARGS ?=
JOBS ?= auto

# How long the simulated campaign may take, and what its lives are drawn from; a seed is drawn and
# printed where none is given. Real processes are killed and frozen this often on each journal.
CHAOS_SECONDS ?= 600
CHAOS_SEED ?=
CHAOS_KILLS ?= 100
CHAOS_FREEZES ?= 25

# The image: BASE=name@sha256:... pins what it stands on; ENGINE may carry options of its own.
ENGINE ?= $(shell command -v podman || command -v docker || command -v buildah)
IMAGE ?= rotator:$(VERSION)
IMAGE_ARGS ?=
IMAGE_PYTHON ?= 3.13
BASE ?= python:$(IMAGE_PYTHON)-slim-bookworm
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' rotator/__init__.py)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null)
EPOCH = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null))
CREATED = $(if $(EPOCH),$(shell date --utc --date=@$(EPOCH) +%Y-%m-%dT%H:%M:%SZ))

VENV := .venv
DEMO_VENV := .venv-demo
BIN := $(VENV)/bin
PIP := -m pip --disable-pip-version-check --quiet --quiet
SHELL_SCRIPTS := .ci/run
DEV_READY := $(VENV)/.project.stamp
CLIENT := tests/process/cipherstash
CLIENT_READY := $(CLIENT)/node_modules/.client.stamp
HELM_3 := tests/helm
HELM_3_READY := $(HELM_3)/node_modules/.client.stamp
CHECKOV_VENV := .venv-checkov
CHECKOV_READY := $(CHECKOV_VENV)/.dependencies.stamp
DEMO_READY := $(DEMO_VENV)/.project.stamp

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

# --------------------------------------------------------------------- for everyone

.PHONY: demo
demo: $(DEMO_READY) ## Rotate keys against loopback simulators (ARGS="..." is handed to the command)
	@$(DEMO_VENV)/bin/rotator demo $(ARGS)

.PHONY: test
test: lint types imports docstrings unit ## Run every gate: linters, types, imports, docstrings, tests, coverage

# ---------------------------------------------------------------- one gate at a time

.PHONY: lint
lint: $(DEV_READY) ## Style and format of Python, shell, YAML and the Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/shellcheck $(SHELL_SCRIPTS)
	$(BIN)/yamllint --strict .
	$(BIN)/hadolint Dockerfile

.PHONY: types
types: $(DEV_READY) ## Types, strictly
	$(BIN)/mypy

.PHONY: imports
imports: $(DEV_READY) ## The layers of docs and design, as contracts
	$(BIN)/lint-imports

.PHONY: docstrings
docstrings: $(DEV_READY) ## Every public name is documented
	$(BIN)/interrogate rotator

.PHONY: unit
unit: $(DEV_READY) real-client chart-tools ## All tests, then the coverage gate (PYTEST_ARGS="..." is handed to pytest)
	@mkdir -p build && rm -f build/coverage.json .coverage .coverage.*
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not slow" --cov --cov-report= --cov-report=json $(PYTEST_ARGS) | tee build/pytest.txt
	@$(BIN)/python tests/gates/coverage_gate.py build/coverage.json
	@tail -n 1 build/pytest.txt

.PHONY: real-client
real-client: ## Install the real CipherStash client (npm), against which rotations are proved
	@if command -v npm >/dev/null; then $(MAKE) $(CLIENT_READY); \
	else echo "npm was not found: the tests with the real CipherStash client are skipped" >&2; fi

.PHONY: sweep
sweep: $(DEV_READY) ## The long campaigns of the simulation: pairs of power cuts, outages (about ten minutes)
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m slow $(PYTEST_ARGS)

.PHONY: chaos
chaos: $(DEV_READY) ## Every fault at every point, pairs, freezes, lives, mutants (CHAOS_SECONDS, CHAOS_SEED)
	@mkdir -p build
	$(BIN)/python -m tests.simulation.chaos --seconds $(CHAOS_SECONDS) $(if $(CHAOS_SEED),--seed $(CHAOS_SEED)) --json build/chaos.json

.PHONY: chaos-processes
chaos-processes: $(DEV_READY) ## Kill and freeze real daemons, on each journal (CHAOS_KILLS, CHAOS_FREEZES, CHAOS_SEED)
	@mkdir -p build
	$(call torment,sqlite)
	$(call torment,postgres)

# $(call torment,JOURNAL): until both counts are reached, for an hour at most.
define torment
	$(BIN)/python -m tests.process.campaign --journal $(1) --seconds 3600 --kills $(CHAOS_KILLS) \
		--freezes $(CHAOS_FREEZES) $(if $(CHAOS_SEED),--seed $(CHAOS_SEED)) --json build/chaos-$(1).json
endef

.PHONY: bench
bench: $(DEV_READY) ## What a scrape of 10,000 credentials costs, against one of 100
	$(BIN)/python -m tests.bench

.PHONY: chart
chart: $(DEV_READY) chart-tools ## Render the chart with Helm 3 and 4, and test what is rendered
	$(BIN)/pytest tests/helm $(PYTEST_ARGS)

.PHONY: chart-tools
chart-tools: $(CHECKOV_READY) ## Install Helm 3 (npm) and checkov (an environment of its own)
	@if command -v npm >/dev/null; then $(MAKE) $(HELM_3_READY); \
	else echo "npm was not found: the tests with Helm 3 are skipped" >&2; fi

.PHONY: image
image: ## Build the container image (IMAGE, BASE, ENGINE, IMAGE_ARGS="..." for the engine)
	@test -n "$(ENGINE)" || { echo "podman, buildah or docker is needed to build the image" >&2; exit 1; }
	$(ENGINE) build $(if $(findstring docker,$(ENGINE)),,--format docker $(EPOCH:%=--timestamp %)) \
		--tag $(IMAGE) --build-arg BASE=$(BASE) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION=$(REVISION) --build-arg CREATED=$(CREATED) \
		$(EPOCH:%=--build-arg SOURCE_DATE_EPOCH=%) $(IMAGE_ARGS) .

.PHONY: image-test
image-test: $(DEV_READY) ## Build the image and run it as a pod would (as root; what it needs: make system-deps)
	$(BIN)/pytest tests/image $(PYTEST_ARGS)

.PHONY: sbom
sbom: $(DEV_READY) ## Write build/sbom.cdx.json: the image's Python packages, in CycloneDX
	@mkdir -p build
	@SOURCE_DATE_EPOCH=$(EPOCH) $(BIN)/python -m tests.image.sbom --python $(IMAGE_PYTHON) > build/sbom.cdx.json
	@echo build/sbom.cdx.json

.PHONY: format
format: $(DEV_READY) ## Rewrite the Python files in the house style
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# ------------------------------------------------------------------- the environment

.PHONY: venv
venv: $(DEV_READY) ## Make or refresh the development environment

.PHONY: lock
lock: ## Resolve all dependencies again and rewrite the lock files
	@test -x $(BIN)/uv || { $(MAKE) python-found && "$(PYTHON)" -m venv $(VENV) && $(BIN)/python $(PIP) install uv; }
	$(call compile,requirements-dev.lock,pyproject.toml --all-extras --group dev)
	$(call compile,requirements-demo.lock,pyproject.toml --extra console --extra demo --group build -c requirements-dev.lock)
	$(call compile,requirements.lock,pyproject.toml --extra console --extra fleet --extra postgres -c requirements-dev.lock)
	$(call compile,requirements-build.lock,--group pyproject.toml:build -c requirements-dev.lock)
	$(call compile,requirements-checkov.lock,--group pyproject.toml:checkov)

# $(call compile,FILE,OPTIONS): a lock for every platform and Python, without the name of any host.
define compile
	@printf '# Made by "make lock" from pyproject.toml; do not edit.\n' > $(1).tmp
	@$(BIN)/uv pip compile $(2) --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate \
		--output-file $(1).new
	@cat $(1).new >> $(1).tmp && rm $(1).new && mv $(1).tmp $(1)
	@echo "$(1): $$(grep -c '==' $(1)) packages"
endef

.PHONY: system-deps
system-deps: ## Install the system packages that tests use (Debian, root)
	@# promtool, which tests the alerts, comes with prometheus; podman and the three after it build and
	@# run the image. Chromium joins with the first tests that start it.
	@for needed in git:git make:make promtool:prometheus prometheus-alertmanager:prometheus-alertmanager npm:npm \
		podman:podman runc:runc catatonit:catatonit mmdebstrap:mmdebstrap; do \
		command -v $${needed%:*} >/dev/null || missing="$${missing:-} $${needed#*:}"; done; \
	if [ -n "$${missing:-}" ]; then \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; } || \
		echo "could not install:$$missing; what tests need of it is skipped, or fails where CI is set" >&2; fi

.PHONY: clean
clean: ## Remove everything that make has made
	@# The store of images is a mount point of its own while there are images in it.
	@! mountpoint --quiet build/containers/root/overlay || umount --recursive build/containers/root/overlay
	rm -rf $(VENV) $(DEMO_VENV) $(CHECKOV_VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache $(CLIENT)/node_modules $(HELM_3)/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: python-found
python-found:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "rotator needs Python 3.11 or later with venv; none was found on the PATH." >&2; \
		echo "Install one (Debian: apt install python3-venv) or say make PYTHON=/path/to/python3" >&2; \
		exit 1; }

# Two stamps for each environment: the dependencies are installed again when the lock changes,
# the project (editable, so only its metadata) when pyproject.toml does.
%/.dependencies.stamp: | python-found
	@echo "making $* with $$("$(PYTHON)" --version)"
	@"$(PYTHON)" -m venv $*
	@$*/bin/python $(PIP) install --require-hashes -r $<
	@touch $@

$(VENV)/.dependencies.stamp: requirements-dev.lock
$(DEMO_VENV)/.dependencies.stamp: requirements-demo.lock
$(CHECKOV_VENV)/.dependencies.stamp: requirements-checkov.lock

%/.project.stamp: %/.dependencies.stamp pyproject.toml
	@$*/bin/python $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Not `npm ci`: that wants every platform's binary in the lock, also where a registry lacks some.
# What the lock names is pinned by its hash; scripts of packages are not run.
%/node_modules/.client.stamp: %/package.json %/package-lock.json
	@cd $* && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.SECONDARY: $(VENV)/.dependencies.stamp $(DEMO_VENV)/.dependencies.stamp
