# Every line below is a command a person types. `make` alone lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OLDER := $(VENV)-older
export PLUMBLINE_REAL_DATA ?= $(wildcard $(abspath ../shared/data))

.PHONY: help run demo test lint bench tour tour-keep figures mutate fuzz coverage-sim faults load soak scale api-fuzz audit system

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
	@test -x $(OLDER)/bin/python || $(PYTHON) -m venv $(OLDER)
	-@$(OLDER)/bin/pip install --quiet --disable-pip-version-check -r benchmarks/requirements-older.txt
	@failed=0; for one in benchmarks benchmarks.speed_ranking benchmarks.speed_drift benchmarks.speed_alarms \
		benchmarks.speed_surface benchmarks.ingest benchmarks.live benchmarks.timeline; \
		do $(BIN)/python -m $$one || failed=1; done; \
		for one in benchmarks.speed_forecast benchmarks.speed_charts; do $(OLDER)/bin/python -m $$one || failed=1; done; \
		exit $$failed

tour: $(VENV)/.test ## the newcomer's steps, then every page in every state and look, with pictures in build/tour
	@$(BIN)/python -m tests.tour $(ARGS)

tour-keep: ARGS = --gallery --keep
tour-keep: tour ## keep how the pages look now, to hold later ones against

figures: $(VENV)/.runtime ## published figures of real files: expected, got, difference
	@$(BIN)/python -m benchmarks.figures

mutate: $(VENV)/.test ## seeded mutants of engine/analysis against its tests
	@$(BIN)/python -m benchmarks.mutate

N ?= 100000
fuzz: $(VENV)/.test ## damage N files and read them all (make fuzz N=100000)
	@$(BIN)/python -m benchmarks.fuzz --runs $(N)

coverage-sim: $(VENV)/.runtime ## coverage of every interval on simulated truth
	@failed=0; for one in coverage coverage_ranking coverage_compare coverage_agreement coverage_style coverage_rollouts \
		coverage_drift coverage_overoptimisation coverage_forecast coverage_surface alarm_rates; do \
		$(BIN)/python -m benchmarks.$$one || failed=1; done; exit $$failed

faults: $(VENV)/.test ## kill, cut, fill and corrupt the running product (make faults ARGS="--only 41")
	@$(BIN)/python -m benchmarks.faults $(ARGS)

load: $(VENV)/.test ## N visitors at once, with live pushes and a run beside them (make load N=300)
	@$(BIN)/python -m benchmarks.load --visitors $(if $(filter command line,$(origin N)),$(N),300)

soak: $(VENV)/.test ## 300 visitors for half an hour: memory has to stay flat
	@$(BIN)/python -m benchmarks.load --visitors 300 --minutes 30 --soak

scale: $(VENV)/.test ## a hundred million comparisons in 200 segments within 2 GB
	@$(BIN)/python -m benchmarks.scale

api-fuzz: $(VENV)/.test ## 2,000 generated requests against the API
	@$(BIN)/python -m benchmarks.api_fuzz

audit: $(VENV)/.test ## known holes in the pinned packages; fails where some could not be looked up
	@$(BIN)/pip install --quiet --disable-pip-version-check pip-audit && $(BIN)/python -m benchmarks.audit

system: ## Debian packages that only tests and exports need (root)
	@apt-get update -q && apt-get install -y --no-install-recommends chromium fonts-inter wkhtmltopdf
