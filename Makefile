# Every line below is a command a person types. `make` alone lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PLUMBLINE_REAL_DATA ?= $(wildcard $(abspath ../shared/data))

.PHONY: help run demo test lint bench tour figures mutate fuzz coverage-sim system

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.runtime: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-test.txt requirements.txt $(VENV)/.runtime
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

run: $(VENV)/.runtime ## start the product and print its address
	@$(BIN)/python -m jobs run

demo: $(VENV)/.runtime ## play the simulated project into this installation's inbox
	@$(BIN)/python -m jobs simulate

test: $(VENV)/.test ## run all tests, those in a browser too
	@bash tests/run.sh

lint: $(VENV)/.test ## ruff, mypy (strict on engine/) and import-linter
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

bench: $(VENV)/.test ## speed against peers, as ratios side by side in one run
	-@$(BIN)/pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@$(BIN)/python -m benchmarks

tour: $(VENV)/.test ## the newcomer's steps in a browser, with pictures in build/tour
	@$(BIN)/python -m tests.tour

figures: $(VENV)/.runtime ## published figures of real files: expected, got, difference
	@$(BIN)/python -m benchmarks.figures

mutate: $(VENV)/.test ## seeded mutants of engine/analysis against its tests
	@$(BIN)/python -m benchmarks.mutate

N ?= 100000
fuzz: $(VENV)/.test ## damage N files and read them all (make fuzz N=100000)
	@$(BIN)/python -m benchmarks.fuzz --runs $(N)

coverage-sim: $(VENV)/.runtime ## coverage of every interval on simulated truth
	@$(BIN)/python -m benchmarks.coverage

system: ## Debian packages that only tests and exports need (root)
	@apt-get update -q && apt-get install -y --no-install-recommends chromium fonts-inter
