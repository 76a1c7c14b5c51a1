# make run    serve the demo numbers on this machine
# make test   every test, with real peers
# make check  lint, types, contracts
# make bench  what a call costs, beside a floor and a peer

PYTHON ?= python3
BIN := .venv/bin
SOURCES := b2bua media tests prompts setup.py .ci/image.py
CONFIG ?= config/b2bua.toml
ALONE := tests/support/alone

.PHONY: run test check bench sanitize install test-peers format clean

run: install
	@$(BIN)/b2bua serve --config $(CONFIG) --seed config/demo

# Three at a time, each in a network of its own; one after the other where that is forbidden.
# What failed is run once more with the machine to itself, and must pass then.
test: install test-peers
	@$(BIN)/pytest $$($(ALONE) -c '' 2>/dev/null && echo '--dist loadfile --no-loadscope-reorder --tx 3*popen//python=$(ALONE)') \
	|| { echo 'once more, alone:' && $(BIN)/pytest --last-failed --last-failed-no-failures none --exitfirst; }

check: install
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: install test-peers
	@$(BIN)/python -m tests.bench

# The engine's tests on a build that stops at the first bad access or undefined step.
sanitize: install
	@PYTHON=$(CURDIR)/$(BIN)/python sh .ci/sanitize

format: install
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/python -m tests.architecture.rfc_index

install: .venv/installed

# The compiled engine, everything Python at the versions of constraints.txt, and what the
# portal's pages load at those of package-lock.json.
.venv/installed: pyproject.toml constraints.txt setup.py package-lock.json .npmrc $(wildcard media/engine/*.c media/engine/*.h)
	@PYTHON=$(PYTHON) sh .ci/needs compiler
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (about a minute the first time)"
	@$(BIN)/pip install -q --use-pep517 --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

test-peers:
	@sh .ci/needs peers

clean:
	rm -rf .venv build *.egg-info media/engine/*.so b2bua/web/static/vendor
