# Two commands: `make figures` and `make test`. Each sets up .venv on first use.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

# One BLAS thread: the same bytes on every run, and faster for small problems.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
WORKERS ?= 2

.PHONY: help figures smoke test check certify mutants clean

help:
	@echo "make figures   every figure at paper scale, stale ones only (WORKERS=$(WORKERS))"
	@echo "make smoke     every figure in seconds-long settings, into figures/smoke"
	@echo "make test      all gates and all tests"
	@echo "make check     the gates alone: style, types, imports, docstrings"
	@echo "make certify   10^6 rational instances over all exact statements, 0 violations (10 min)"
	@echo "make mutants   survivors of mutation tests, into tests/mutants (MODULES=arithmetic/signlog; hours for all)"
	@echo "make clean     remove .venv and caches"

$(READY): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "quadmeta needs Python 3.11 or later, this is %d.%d: set PYTHON=..." % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(READY)

figures: $(READY)
	$(RUN) -m experiments run --workers $(WORKERS)

smoke: $(READY)
	$(RUN) -m experiments run --smoke

check: $(READY)
	$(RUN) -m flake8 quadmeta experiments tests
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache
	$(RUN) -m interrogate -q -c setup.cfg quadmeta experiments

test: check
	$(RUN) -m pytest -n $(WORKERS)

certify: $(READY)
	$(RUN) -m quadmeta.certify

mutants: $(READY)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	nice -n 10 $(RUN) tests/mutants/run.py $(MODULES)

clean:
	rm -rf $(VENV) .cache build *.egg-info
