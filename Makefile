# Everything runs in .venv, which is made from nothing when it is missing or when pyproject.toml changed.
# Another Python beside it: make test PYTHON=python3.13 VENV=.venv-3.13
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= auto
READY := $(VENV)/.ready
BUILT := $(VENV)/.dev

.PHONY: demo dev fmt check lint test corpus bench docs docs-tables dist clean

# The main job: five officials approve a dossier, another process proves it, tampering is caught.
demo: $(READY)
	$(BIN)/eidkit demo -o demo-out

dev: $(BUILT)

$(READY): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $(READY)

$(BUILT): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY) $(BUILT)

fmt: $(BUILT)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(BUILT)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test

test: $(BUILT)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

# Every case of the shared corpus through the public API; differences are listed in docs/interop.md.
corpus: $(BUILT)
	$(BIN)/python -m tests.corpus

# Side by side with peers, in the same run; the table goes to docs/performance.md.
bench: $(BUILT)
	$(BIN)/python -m benchmarks.bench --write docs/performance.md

# The documentation as a site; a warning is an error. The tests build it too.
docs: $(BUILT)
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo open docs/_build/html/index.html

# Tables in docs/ that are made from the code and checked in.
docs-tables: $(BUILT)
	$(BIN)/python docs/_ext/eidkit_clauses.py

dist: $(BUILT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	rm -rf dist
	$(BIN)/python -m build

clean:
	rm -rf .venv .venv-* dist build demo-out docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
