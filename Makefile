# HugMood. `make` alone lists what there is; every target does its own set-up.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=

BIN := $(VENV)/bin
CODE := $(wildcard src tests benchmarks docs graphiql hatch_build.py)
PIP := python -m pip --disable-pip-version-check --quiet --quiet --no-input

# Each stamp names a state of the environment. With another Python it starts anew.
VERSION := $(shell $(PYTHON) -c 'import sys; print(sys.version.split()[0])' 2>/dev/null)
MADE := $(VENV)/.python-$(VERSION)
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

# Another environment has a compiled wheel in it, made again whenever the sources change.
MADE_COMPILED := $(VENV)-compiled/.python-$(VERSION)
COMPILED := $(VENV)-compiled/.compiled
SOURCES := $(shell find src -type f -not -name '*.pyc')

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-compiled check format docs graphiql bench bench-quick constraints clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo 'Another Python: make test PYTHON=python3.13. Some tests: make test ARGS="-k hugs".'

run: $(RUNTIME) ## Start HugMood (ARGS for `hugmood serve`)
	@$(BIN)/hugmood serve $(ARGS)

test: $(DEV) ## Run the tests (ARGS for pytest)
	@$(BIN)/python -m pytest --quiet --numprocesses=auto --maxprocesses=8 $(ARGS)

test-compiled: $(COMPILED) ## Run the tests on a compiled wheel (needs a C compiler; ARGS for pytest)
	@$(VENV)-compiled/bin/python -m pytest --quiet --numprocesses=auto --maxprocesses=8 \
	  --override-ini 'pythonpath=. benchmarks' $(ARGS)

check: $(DEV) ## Everything that must pass: format, lint, layers, types, docs, tests
	@echo 'Checking format, lint, layers, types and generated docs'
	@$(BIN)/ruff format --quiet --check $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(call quietly,$(BIN)/lint-imports --no-cache)
	@$(call quietly,$(BIN)/mypy $(CODE))
	@$(BIN)/python docs/generate.py --check
	@$(MAKE) --no-print-directory test

format: $(DEV) ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --quiet --fix-only $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

docs: $(DEV) ## Write the generated parts of the documentation
	@$(BIN)/python docs/generate.py

graphiql: ## Put GraphiQL into the package, for /graphql in a browser (needs npm)
	@$(PYTHON) graphiql/unpack.py

bench: $(COMPILED) ## Run the benchmarks on a compiled wheel (ARGS for benchmarks/run.py)
	@$(VENV)-compiled/bin/python benchmarks/run.py $(ARGS)

bench-quick: $(DEV) ## See in a minute whether something got slower
	@$(BIN)/python benchmarks/quick.py

# What the oldest Python takes, the newer ones take too; not the other way round.
constraints: ## Bring constraints.txt up to the newest versions (with Python 3.11)
	@case '$(VERSION)' in 3.11.*) ;; *) echo 'Use the oldest Python: make constraints PYTHON=python3.11' >&2; exit 1;; esac
	@echo 'Resolving in a new environment'
	@rm -rf $(VENV)-new
	@$(PYTHON) -m venv $(VENV)-new
	@$(VENV)-new/bin/python -m pip -qq install --upgrade pip
	@$(VENV)-new/bin/python -m pip -qq install --editable '.[dev,bench]'
	@sed '/^#/!d' constraints.txt > $(VENV)-new/constraints.txt
	@$(VENV)-new/bin/python -m pip freeze --exclude-editable >> $(VENV)-new/constraints.txt
	@mv $(VENV)-new/constraints.txt constraints.txt
	@rm -rf $(VENV)-new

clean: ## Remove the environment and all caches, not the data
	@rm -rf $(VENV) $(VENV)-compiled $(VENV)-new build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

$(MADE) $(MADE_COMPILED):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "HugMood needs \
	Python 3.11 or newer, and $(PYTHON) $(if $(VERSION),is $(VERSION),does not run); say which to use: \
	make $(MAKECMDGOALS) PYTHON=python3.12" | tr -d '\t' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(@D) >/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@touch $@

$(RUNTIME): $(MADE) pyproject.toml constraints.txt
	@echo 'Installing HugMood into $(VENV) (only when its requirements change)'
	@$(BIN)/$(PIP) install --editable . --constraint constraints.txt
	@touch $@

$(DEV): $(MADE) pyproject.toml constraints.txt
	@echo 'Installing HugMood and its development tools into $(VENV) (only when their requirements change)'
	@$(BIN)/$(PIP) install --editable '.[dev]' --constraint constraints.txt
	@touch $@ $(RUNTIME)

$(COMPILED): $(MADE_COMPILED) pyproject.toml constraints.txt hatch_build.py $(SOURCES)
	@echo 'Compiling HugMood into $(VENV)-compiled (only when its sources change)'
	@COMPILE_HUGMOOD=1 $(VENV)-compiled/bin/$(PIP) install '.[dev,bench]' --constraint constraints.txt
	@touch $@

# Say nothing unless it fails.
quietly = out=$$($(1) 2>&1) || { echo "$$out"; exit 1; }
