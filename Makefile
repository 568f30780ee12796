# The five verbs. Everything happens in a virtual environment of the project's own.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2
# What the tests need; EXTRAS=dev,backends also tests networks on TensorFlow and PyTorch (large downloads).
EXTRAS ?= dev
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check format lint types bench docs clean

help:
	@echo "make demo    set up, and compare ten recommenders on MovieLens (writes report.html)"
	@echo "make test    set up, and run all tests"
	@echo "make check   format, lint, types, tests: what a commit must pass"
	@echo "make bench   side-by-side runs against other libraries, with ratios"
	@echo "make docs    build the documentation into site/"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Longtail needs Python 3.11 or newer; $(PYTHON) is {sys.version.split()[0]}. Name another: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.core: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Longtail into $(VENV) (once; a minute or two) ..."
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Longtail and its development tools into $(VENV) (once; a minute or two) ..."
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.core

$(VENV)/.docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	@touch $@

demo: $(VENV)/.core
	@$(BIN)/longtail bakeoff -o report.html

test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n $(WORKERS)

format: $(VENV)/.dev
	@$(BIN)/ruff format --check .

lint: $(VENV)/.dev
	@$(BIN)/ruff check .

types: $(VENV)/.dev
	@$(BIN)/mypy

check: format lint types test

bench: $(VENV)/.core
	@$(BIN)/python benchmarks/run.py

docs: $(VENV)/.docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) site dist .mypy_cache .pytest_cache .ruff_cache
