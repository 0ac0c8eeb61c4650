# Two commands set everything up by themselves: `make demo` and `make test`.
# PYTHON chooses the interpreter (3.11 or newer); everything is installed into .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: bench-leaks demo test test-box test-apps lint bench fuzz clean

demo: $(READY)
	@$(BIN)/python fixtures/apps/demo.py

test: $(READY) lint
	$(BIN)/python -m pytest -q

test-box: $(READY)
	$(BIN)/python -m pytest -q -m box tests/sandbox tests/escape

test-apps: $(READY)
	$(BIN)/python fixtures/apps/real/run.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/audit rules check

bench: $(READY)
	$(BIN)/python benchmarks/run.py

# Each parser of what an app controls, MINUTES long; what falls out is kept below tests/fuzz/found.
MINUTES ?= 10
fuzz: $(READY)
	$(BIN)/python tests/fuzz/run.py --minutes $(MINUTES)

bench-leaks: $(READY)
	$(BIN)/python benchmarks/run.py leaks

clean:
	rm -rf $(VENV) .apps .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "audit needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python's venv module is missing: sudo apt-get install python3-venv"; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
