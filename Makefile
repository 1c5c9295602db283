# `make` lists what there is. Everything lives inside this directory: .venv, .services, data.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

DEMO_SECONDS ?= 45
DEMO_DATA ?= demo-data
PYTEST_ARGS ?=
BIN := .venv/bin

.PHONY: help setup setup-dev services native demo test lint bench soak lock screenshots clean

help: ## list these commands
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install what is needed to run: .venv/bin/staplewatch
	@scripts/setup runtime

setup-dev: ## the same, and the tools that tests and checks need
	@scripts/setup dev

demo: setup ## real sales and a simulated lockdown on one machine, for DEMO_SECONDS (45)
	@$(BIN)/staplewatch demo --seconds $(DEMO_SECONDS) --data $(DEMO_DATA)

services: setup-dev ## fetch the real servers that tests run against: Kafka, ClickHouse
	@scripts/services

native: setup-dev ## build the optional decoder of receipts in Rust into .venv (needs cargo)
	@scripts/native build

test: setup-dev services lint ## everything: servers, checks, all tests
	@scripts/native build --if-cargo
	@REQUIRE_SERVICES=$${REQUIRE_SERVICES-1} scripts/test $(PYTEST_ARGS)

lint: setup-dev ## style, types, import directions, exported schemas, the wall's page
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m schemas.export --check
	@scripts/native lint --if-cargo
	@cd serving/web && PATH=$$PATH:$(CURDIR)/$(BIN) npm run --silent check && PATH=$$PATH:$(CURDIR)/$(BIN) npm test --silent

bench: setup-dev services ## measure throughput, latency, growth (tests/bench); BENCH=quick to try
	@scripts/native build --if-cargo
	@REQUIRE_SERVICES=1 $(BIN)/python -m pytest tests/bench -q -s $(PYTEST_ARGS)

soak: setup-dev services ## what takes too long for every change: scenarios over all prefectures and seeds
	@REQUIRE_SERVICES=1 $(BIN)/python -m pytest -m soak -q -s $(PYTEST_ARGS)

lock: setup-dev ## pin dependencies again after a change in pyproject.toml
	@scripts/lock

screenshots: setup-dev ## pictures of wall and desk for the READMEs, of the demonstration: docs/images
	@$(BIN)/python -m tests.browser.pictures

clean: ## remove what can be made again (.venv, fetched servers, caches); data stays
	@rm -rf .venv .services/kafka serving/static serving/web/node_modules native/target native/Cargo.lock build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
