# Two commands: `make run` and `make test`. Everything else is for people who work on earmark.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
LOCK := envs/requirements.lock
export PATH := $(CURDIR)/$(BIN):$(PATH)
export MLFLOW_DISABLE_TELEMETRY := true
export TF_CPP_MIN_LOG_LEVEL := 2
SOURCES := earmark tests benchmarks

.PHONY: help run test test-fast ui lint format bench install lock clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

run: install  ## install, run the main job on the embedded demo, print the figures
	snakemake --cores all
	@earmark summary

test: install  ## install and run every test, the real commands included
	pytest $(PYTEST)

test-fast: install  ## the tests that need no snakemake or dvc run
	pytest -m "not workflow" $(PYTEST)

ui: install  ## MLflow's UI over all runs, at http://127.0.0.1:5000
	@mkdir -p mlruns
	@echo "open http://127.0.0.1:$${PORT:-5000}/#/experiments?workflowType=machine_learning"
	mlflow ui --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlruns/mlflow.db} --host 127.0.0.1 --port $${PORT:-5000}

lint: install  ## ruff, snakefmt, mypy, snakemake --lint
	ruff check $(SOURCES)
	ruff format --check $(SOURCES)
	snakefmt --check Snakefile workflow
	mypy
	snakemake --lint
	! grep -n '://' envs/*.lock

format: install  ## rewrite the sources in the house style
	ruff check --fix $(SOURCES)
	ruff format $(SOURCES)
	snakefmt Snakefile workflow

bench: install  ## measurements beside their alternatives
	python benchmarks/front_end.py
	python benchmarks/backbone.py

install: $(VENV)/.installed  ## the pinned environment, from the lock

# compiled here, once: where PYTHONDONTWRITEBYTECODE is set, as in many containers, each start would compile what it imports
$(VENV)/.installed: $(LOCK) pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) here; install Python 3.11 or say make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "make: $(PYTHON) is not Python 3.11; say make PYTHON=/path/to/python3.11"; exit 1; }
	@command -v git >/dev/null || { echo "make: git is missing; DVC needs it"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --compile-bytecode --require-hashes -r $(LOCK)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock:  ## pin envs/requirements.in anew, with hashes and without addresses
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command 'make lock' envs/requirements.in -o $(LOCK)

clean:  ## remove what can be made again (the store, results, MLflow's runs stay)
	rm -rf $(VENV) .snakemake .pytest_cache .mypy_cache .ruff_cache
