# Matazu: every errand of the workshop. `make` alone prints this list.
# Anything extra goes in ARGS: make test ARGS="tests/domain -x"

SHELL := /bin/bash
PYTHON_HERE := .venv/bin/python
# One more than the cores of a small build server: a worker whose browser or server is awaited leaves its core to another.
WORKERS ?= 3
ARGS ?=
# What was compiled once is kept, whatever the shell says: tests start many processes.
unexport PYTHONDONTWRITEBYTECODE
LOCK := $(PYTHON_HERE) -m uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-emit-index-url --no-header --annotation-style line

.DEFAULT_GOAL := help
.PHONY: help run voice test lint check bench storm demo screenshots sbom notices lock clean setup-run setup-dev

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: setup-run ## Start everything on the embedded set-up (SQLite, one process); sets itself up first
	$(PYTHON_HERE) run.py $(ARGS)

voice: ## Install the optional Japanese voice (330 MB) beside the server, which uses it from its next start
	@scripts/setup.sh voice

test: setup-dev ## Set up what tests need (browser, Redis and fonts included) and run them all
	@scripts/need.sh chromium redis japanese-font nepali-font strace
	$(PYTHON_HERE) -m pytest -n $(WORKERS) $(ARGS)

lint: setup-dev ## Style and types: ruff and mypy
	$(PYTHON_HERE) -m ruff check .
	$(PYTHON_HERE) -m mypy

check: lint test ## What should pass before a change is handed in: lint, then test

storm: setup-dev ## The long load and failure tests that `make test` leaves out
	@scripts/need.sh chromium redis japanese-font nepali-font strace
	$(PYTHON_HERE) -m pytest -m storm -n 0 $(ARGS)

bench: setup-dev ## Measure this machine and the system on it
	@scripts/need.sh chromium redis
	$(PYTHON_HERE) -m scripts.bench $(ARGS)

demo: setup-run ## A busy day at the example city hall, to look at
	$(PYTHON_HERE) -m scripts.demo $(ARGS)

screenshots: setup-dev ## Draw the pictures of the screens again
	@scripts/need.sh chromium japanese-font nepali-font
	$(PYTHON_HERE) -m scripts.screenshots $(ARGS)

sbom: setup-dev ## Bill of materials (CycloneDX) of what runs, in build/sbom.json
	$(PYTHON_HERE) -m scripts.sbom build/sbom.json

notices: setup-dev ## Write THIRD_PARTY_NOTICES.md again
	$(PYTHON_HERE) -m scripts.notices THIRD_PARTY_NOTICES.md

lock: setup-dev ## Resolve requirements*.in again; newer versions with ARGS=--upgrade
	$(LOCK) $(ARGS) requirements.in --output-file requirements.txt
	$(LOCK) $(ARGS) requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) $(ARGS) requirements-voice.in --output-file requirements-voice.txt
	$(MAKE) notices

clean: ## Throw away caches and build results; .venv and instance/ stay
	rm -rf build .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

# One .venv serves both: the dev set is the run-time set and what checks it.
setup-run:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev
