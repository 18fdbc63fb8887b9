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
GATEWAY ?= http
STRATEGY ?= ledger
BENCH ?=
SECONDS ?= 60

.PHONY: help env demo test check chaos bench fuzz requirements sbom licences audit hardening clean

help:
	@echo "make demo [WAIT=0] [GATEWAY=sqlserver]"
	@echo "                    the whole pipeline on this machine, with three sample reports"
	@echo "make test           lint, types and all tests"
	@echo "make chaos [REPORTS=1000] [SEEDS=1-5] [DELIVERY=lookup|idempotent|blind] [RULE=ours|old]"
	@echo "make chaos GATEWAY=sqlserver [STRATEGY=ledger|execute-only]"
	@echo "                    what survives when everything is killed all the time"
	@echo "make bench [BENCH='SECTION… --quick --json FILE']"
	@echo "                    the README's figures, each a ratio within one run (up to an hour)"
	@echo "make fuzz [SECONDS=60]"
	@echo "                    hostile input with new examples each time, until something gives"
	@echo "make sbom           what the worker is made of, as a CycloneDX file: .var/sbom.cdx.json"
	@echo "make licences       under which licences, into docs/licences.md"
	@echo "make audit          its known vulnerabilities; asks an advisory service on the network"
	@echo "make hardening      how exposed the systemd units leave their services, 0 to 10"
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
	@$(BIN)/python -m demo --wait=$(WAIT) --gateway=$(GATEWAY)

# Everything is killed all the time; ends by comparing what was asked with what INSYZ holds.
chaos: env
	@$(BIN)/python -m chaos --reports $(REPORTS) --seeds $(SEEDS) --rule $(RULE) \
		--gateway $(GATEWAY) --delivery $(DELIVERY) --strategy $(STRATEGY)

# Measures on this machine, which should be quiet; see docs/benchmarks.md.
bench: env
	@$(BIN)/python -m bench $(BENCH)

# The same properties as in the tests; what does not hold is printed with how to see it again.
fuzz: env
	@$(BIN)/python -m tests.hostile --seconds $(SECONDS)

# Four at a time: most tests wait for deadlines to pass, not for a processor. In the order in which
# they are found, because the longest come first then.
test: env check
	@$(BIN)/python -m pytest -n 4 --dist loadscope --no-loadscope-reorder

check: env
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy

# Writes the pinned requirements anew; needs uv. No line names where packages come from.
requirements:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --upgrade -q -o requirements-dev.txt
	uv pip compile pyproject.toml --extra sqlserver --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header -c requirements-dev.txt -q -o requirements.txt

# What the worker is made of, in an environment of its own; the tools that look at it in another.
SHIPPED := .var/shipped
TOOLS := .var/tools

$(SHIPPED)/.made: requirements.txt
	@$(PYTHON) -m venv --clear $(SHIPPED)
	@$(SHIPPED)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(SHIPPED)/bin/python -m pip --quiet --disable-pip-version-check uninstall --yes setuptools pip
	@touch $@

$(TOOLS)/.made: Makefile
	@$(PYTHON) -m venv --clear $(TOOLS)
	@$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check \
		cyclonedx-bom==7.5.0 pip-licenses==5.5.5 pip-audit==2.10.1
	@touch $@

sbom: $(SHIPPED)/.made $(TOOLS)/.made
	@$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file .var/sbom.cdx.json $(SHIPPED)/bin/python
	@echo .var/sbom.cdx.json

licences: $(SHIPPED)/.made $(TOOLS)/.made
	@{ printf '# Licences of what the worker is made of\n\n'; \
		echo 'Of the packages in requirements.txt, as they declare them; by `make licences`.'; echo; \
		$(TOOLS)/bin/pip-licenses --python $(SHIPPED)/bin/python --from mixed --no-version \
		--format markdown; } > docs/licences.md

# By hand, before a release: the answer depends on the day.
audit: $(TOOLS)/.made
	@$(TOOLS)/bin/pip-audit --requirement requirements.txt --disable-pip

hardening:
	@for unit in deploy/systemd/*.service; do \
		SYSTEMD_UNIT_PATH=$(CURDIR)/deploy/systemd: systemd-analyze security --offline=yes $$unit | tail -1; done

clean:
	rm -rf $(VENV) .var build *.egg-info
