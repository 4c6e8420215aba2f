# make demo    train three small populations on this machine and compare them
# make test    everything that CI runs; tests on a real Slurm are skipped where its packages are not installed
# make slurm-test    these alone; as root on Debian it installs the packages
# Both create .venv on first use; later they only compare dates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLEAN := .venv-wheel
INSTALL := -m pip install --quiet --constraint constraints.txt
INPUTS := setup.cfg constraints.txt

.PHONY: demo test check format lint types pytest slurm-test fuzz wheel clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(BIN)/dsd launch demo
	$(BIN)/dsd status runs/demo --watch
	$(BIN)/dsd collect runs/demo
	$(BIN)/dsd analyze runs/demo
	$(BIN)/dsd report runs/demo

test: lint types pytest wheel
	@echo "all checks passed"

check: test

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-test
	$(BIN)/mypy

# tests, doctests, notebooks; warnings are errors. Those on a real Slurm wait most of the time: they run beside the others
pytest: $(VENV)/installed-test
	@log=$$(mktemp); \
	$(BIN)/python -m pytest tests/slurm > $$log 2>&1 & slurm=$$!; \
	$(BIN)/python -m pytest --ignore tests/slurm; others=$$?; \
	wait $$slurm; on_slurm=$$?; cat $$log; rm $$log; exit $$((others || on_slurm))

# a Slurm of one node on the loopback address, without accounting and with it; where it cannot be, the tests say why
slurm-test: $(VENV)/installed-test
	bash tests/slurm/install.sh
	$(BIN)/python -m pytest tests/slurm

# damaged and strange input, 10,000 cases of each kind: hours; FUZZ_CASES=500 for less
FUZZ_CASES ?= 10000
fuzz: $(VENV)/installed-test
	FUZZ_CASES=$(FUZZ_CASES) $(BIN)/python -m pytest tests/fuzz --timeout=0 --hypothesis-show-statistics

# the wheel in an environment of its own, used from another folder
wheel: $(CLEAN)/installed
	rm -rf build dist
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(CLEAN)/bin/python -m pip install --quiet --no-deps --force-reinstall dist/network_design_spaces-*.whl
	bash tests/wheel.sh $(CLEAN)/bin

clean:
	rm -rf $(VENV) $(CLEAN) build dist *.egg-info

$(VENV)/installed: $(INPUTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "dsd needs Python 3.11 or newer, $(PYTHON) is older; name another: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python $(INSTALL) --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python $(INSTALL) --editable '.[test]'
	@touch $@

$(CLEAN)/installed: $(VENV)/installed
	test -x $(CLEAN)/bin/pip || $(PYTHON) -m venv $(CLEAN)
	$(CLEAN)/bin/python $(INSTALL) .
	@touch $@
