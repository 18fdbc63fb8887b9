# Two commands do everything: `make demo` and `make test`. Both make their environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made

WAIT ?= 1

REPORTS ?= 1000
SEEDS ?= 1-5
DELIVERY ?= lookup
RULE ?= ours
BENCH ?=
SECONDS ?= 60

.PHONY: help env demo test check chaos bench fuzz requirements clean

help:
	@echo "make demo [WAIT=0]  the whole pipeline on this machine, with three sample reports"
	@echo "make test           lint, types and all tests"
	@echo "make chaos [REPORTS=1000] [SEEDS=1-5] [DELIVERY=lookup|idempotent|blind] [RULE=ours|old]"
	@echo "                    what survives when everything is killed all the time"
	@echo "make bench [BENCH='SECTION… --quick --json FILE']"
	@echo "                    the README's figures, each a ratio within one run (up to an hour)"
	@echo "make fuzz [SECONDS=60]"
	@echo "                    hostile input with new examples each time, until something gives"
	@echo "make env            only the environment in $(VENV)"

env: $(STAMP)

$(STAMP): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 …" >&2; exit 2; }
	@echo "making the environment in $(VENV) (about half a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: env
	@$(BIN)/python -m demo --wait=$(WAIT)

# Everything is killed all the time; ends by comparing what was asked with what INSYZ holds.
chaos: env
	@$(BIN)/python -m chaos --reports $(REPORTS) --seeds $(SEEDS) --delivery $(DELIVERY) --rule $(RULE)

# Measures on this machine, which should be quiet; see docs/benchmarks.md.
bench: env
	@$(BIN)/python -m bench $(BENCH)

# The same properties as in the tests; what does not hold is printed with how to see it again.
fuzz: env
	@$(BIN)/python -m tests.hostile --seconds $(SECONDS)

# Three at a time: most tests wait for deadlines to pass, not for a processor.
test: env check
	@$(BIN)/python -m pytest -n 3 --dist loadscope

check: env
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

# Writes the pinned requirements anew; needs uv. No line names where packages come from.
requirements:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade -q -o requirements-dev.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header -c requirements-dev.txt -q -o requirements.txt

clean:
	rm -rf $(VENV) .var build *.egg-info
