# Everything done by hand has its line here. `make` alone lists it.

VENV := .venv
PORT ?= 8000
# One more than the usual two processors: while a test waits for a browser or a server, another goes on.
WORKERS ?= 3
TESTS ?=
AT ?=
PYTHON ?= $(shell tools/find_python.sh)

BIN := $(CURDIR)/$(VENV)/bin
RUN_READY := $(VENV)/run.ready
TEST_READY := $(VENV)/test.ready

# What the packages bring along (node, ruff …) is found before what the machine has.
export PATH := $(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where this is set, each of the many processes that tests start would compile the whole program for itself.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run seed migrate worker test test-postgres check prove bench docs catalogue lock changelog clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_READY) ## Set up everything and serve the demo world at http://localhost:8000 (PORT moves it)
	@TRAININGS_ENV=$${TRAININGS_ENV:-demo} $(BIN)/trainings migrate
	@TRAININGS_ENV=$${TRAININGS_ENV:-demo} $(BIN)/trainings seed --demo
	@echo; echo "  http://localhost:$(PORT)    (Ctrl-C stops it)"; echo
	@TRAININGS_ENV=$${TRAININGS_ENV:-demo} TRAININGS_BASE_URL=$${TRAININGS_BASE_URL:-http://localhost:$(PORT)} \
		$(BIN)/trainings serve --port $(PORT)

seed: $(RUN_READY) ## Fill an empty database with the demo world; prints its accounts
	@TRAININGS_ENV=$${TRAININGS_ENV:-demo} $(BIN)/trainings seed --demo

migrate: $(RUN_READY) ## Bring the database up to date
	@$(BIN)/trainings migrate

worker: $(RUN_READY) ## Send messages and do jobs, without serving pages
	@$(BIN)/trainings worker

test: $(TEST_READY) ## Run all tests (TESTS=tests/places runs some; AT="2026-12-07 07:05" lets them begin then)
	@$(BIN)/python -m tests.browser_setup
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --at "$(AT)" $(TESTS)

test-postgres: $(TEST_READY) ## Ask PostgreSQL of every test of the database (TESTS=tests/places asks some)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --postgres --at "$(AT)" $(TESTS)

check: $(TEST_READY) ## Format, lint, types, architecture, words, changelog
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/python tools/catalogue.py check
	@$(BIN)/python tools/changelog.py check
	@$(BIN)/python -m pytest -q tests/test_architecture.py

prove: $(TEST_READY) ## Run all tests at each of tests/moments, then the long proofs (rushes, storms)
	@verdict=0; while read -r at; do $(MAKE) test AT="$$at" </dev/null || verdict=1; done <tests/moments; exit $$verdict
	@$(BIN)/python -m pytest -m proof -s $(TESTS)

bench: $(TEST_READY) ## Measure, each against a baseline of the same run
	@$(BIN)/python benchmarks/_all.py

docs: $(TEST_READY) ## Write docs/data.md from the models, and check what the documents promise
	@$(BIN)/python -m tools.tables
	@$(BIN)/python -m pytest -q tests/test_documents.py tests/test_architecture.py -k "documents or documented"

catalogue: $(TEST_READY) ## Collect the words people read into the catalogues to translate
	@$(BIN)/python tools/catalogue.py update

changelog: $(TEST_READY) ## Gather changelog.d/ into CHANGELOG.md (VERSION=1.2.0)
	@$(BIN)/python tools/changelog.py gather $(VERSION)

lock: $(TEST_READY) ## Write the hashed requirements anew from pyproject.toml
	@tools/lock.sh $(BIN)/pip-compile

clean: ## Remove what was installed and built here, not the data in var/
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache trainings.egg-info

$(BIN)/python:
	@tools/make_venv.sh "$(PYTHON)" $(VENV)

$(RUN_READY): requirements.txt pyproject.toml | $(BIN)/python
	@tools/install.sh $(BIN)/python requirements.txt
	@touch $@

$(TEST_READY): requirements-dev.txt pyproject.toml | $(BIN)/python
	@tools/install.sh $(BIN)/python requirements-dev.txt
	@touch $@ $(RUN_READY)
