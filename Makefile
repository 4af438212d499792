# Two commands matter: `make demo` shows the main job on real input, `make test` passes the tests.
# Both set up all they need in .venv first. PYTHON chooses the interpreter (3.11 or later).

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet
# Two processes: what a small CI machine has.
JOBS   ?= 2

.PHONY: demo test lint format bench docs build clean
.DEFAULT_GOAL := help

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("wellkept needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade 'pip>=25.1'

# One stamp a group: each target installs only what it uses.
$(VENV)/.with-%: pyproject.toml | $(VENV)/bin/python
	@echo "installing wellkept and its '$*' tools into $(VENV) ..."
	$(PIP) --editable '.[all]' --group $*
	@$(BIN)/python -m compileall -q src
	@touch $@

demo: $(VENV)/.with-demo ## import a project's .env, run it, rotate its password under load
	$(BIN)/python examples/shop/demo.py

test: $(VENV)/.with-test ## run the tests
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal

lint: $(VENV)/.with-test $(VENV)/.with-lint ## formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.with-lint ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.with-test $(VENV)/.with-bench ## every speed claim, beside its rival
	$(BIN)/python -m bench

docs: $(VENV)/.with-docs ## build the documentation into build/docs
	$(BIN)/mkdocs build --strict --quiet --site-dir build/docs
	@echo "open build/docs/index.html"

build: $(VENV)/.with-build ## build the wheel and the source distribution into dist/
	$(BIN)/python -m build --outdir dist

clean: ## remove what was built
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
