# `make demo` and `make test` need nothing but this: each brings what is missing first, and is quiet when all is there.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# The environment's programs before the system's; where the machine has no Node, that one is in there too.
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# Given on to the command: make demo ARGS="--port 8080", make test-fast ARGS="-k incident"
ARGS ?=

# Two workers on two cores; a file's tests stay together, for they share a database.
PYTEST := .venv/bin/python -m pytest -n 2 --dist loadfile
TSC := dispatch/web/node_modules/.bin/tsc

.PHONY: help setup setup-run setup-test demo test test-fast test-faults test-core test-registry bench bench-nearest bench-plan bench-registry bench-scale evaluate exactness load lint types format lock clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: setup-test ## bring everything that running and testing need

setup-run:
	@.ci/setup.sh run

setup-test:
	@.ci/setup.sh test

demo: setup-run ## run the service with a simulated city; prints where to look
	@exec .venv/bin/dispatch demo $(ARGS)

test: setup-test lint types ## lint, types and every test
	@$(PYTEST) $(ARGS)

test-fast: setup-test ## every test but the browser's
	@$(PYTEST) -m "not browser" $(ARGS)

test-faults: setup-test ## storms of SOS while something dies, audited (ARGS="--scenario kill --runs 20 --seed 1")
	@.venv/bin/python -m tests.faults $(ARGS)

test-core: setup-test ## 50,000 steps of the decisions, invariants checked after each (ARGS="--seed 1")
	@.venv/bin/python -m tests.property.rescue_storm --steps 50000 $(ARGS)

test-registry: setup-test ## a year of 100,000 AEDs in virtual time, audited (ARGS="--devices 1000 --seed 1")
	@.venv/bin/python -m tests.aed_year $(ARGS)

bench: setup-run ## measure the way of an SOS; figures in build/bench
	@.venv/bin/python -m loadtests.bench_sos $(ARGS)

bench-plan: setup-run ## how good plans are and what they take; figures in build/bench
	@.venv/bin/python -m loadtests.bench_plan $(ARGS)

bench-nearest: setup-test ## who is nearest, against PostGIS, Redis and a kd-tree; figures in build/bench
	@.venv/bin/python -m loadtests.bench_nearest $(ARGS)

bench-registry: setup-test ## what the AED registry takes, on 100,000 devices; figures in build/bench
	@.venv/bin/python -m loadtests.bench_registry $(ARGS)

bench-scale: setup-test ## what one, two and four workers take, and what bounds them; figures in build/bench
	@.venv/bin/python -m loadtests.bench_scale $(ARGS)

evaluate: setup-run ## rival dispatch rules on the same cardiac arrests, in virtual time (ARGS="--arrests 1000 --report docs")
	@.venv/bin/simulator evaluate $(ARGS)

exactness: setup-test ## 100,000 questions for the nearest against a full comparison (ARGS="--seed 1")
	@.venv/bin/python -m tests.geo.exactness $(ARGS)

load: setup-run ## load in a shape (ARGS="--shape storm|disaster|morning|province|stampede"), against what is promised
	@.venv/bin/python -m loadtests $(ARGS)

lint: setup-test ## formatting, lint rules and who may import whom
	@.venv/bin/ruff format --check --quiet . || { echo "lint: make format puts this right"; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/lint-imports --no-cache

types: setup-test ## Python's and the pages' types
	@.venv/bin/mypy
	@if [ -f dispatch/web/jsconfig.json ]; then $(TSC) -p dispatch/web/jsconfig.json; fi

format: setup-test ## put formatting right
	@.venv/bin/ruff format --quiet .
	@.venv/bin/ruff check --quiet --fix .

lock: setup-run ## pin the Python packages anew from pyproject.toml (ARGS=--upgrade for newer ones)
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/uv.lock
	@# Everything, for people; then the same versions of what the service alone needs, for its image.
	@.venv/bin/uv pip compile pyproject.toml --group dev --extra mqtt --extra plots --universal --python-version 3.11 \
		--generate-hashes --no-header --no-emit-index-url --quiet -o requirements.lock $(ARGS)
	@echo hatchling | .venv/bin/uv pip compile pyproject.toml - --extra mqtt --constraints requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --quiet \
		-o dispatch/requirements.lock

clean: ## remove what set-up and tests made; data folders stay
	@rm -rf .venv build dist dispatch/web/node_modules dispatch/web/vendor
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -exec rm -rf {} +
