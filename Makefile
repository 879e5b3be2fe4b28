# Two commands: `make figures` and `make test`. Each sets up .venv on first use.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready

# One BLAS thread: the same bytes on every run, and faster for small problems.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
# compiled sources are kept: every process that a test starts would compile the package anew
unexport PYTHONDONTWRITEBYTECODE
WORKERS ?= 2
# a worker without tests takes half of those that another one still has before it
PYTEST = -m pytest -n $(WORKERS) --dist worksteal

# What each lower bound of setup.cfg must carry, and the newest version of everything: what users see, the numbers behind it.
CONTRACT := tests/test_readme.py tests/test_imports.py tests/test_extras.py tests/test_packaging.py tests/arithmetic \
            tests/problems tests/optimizers tests/objectives tests/estimators
# the lowest Python that setup.cfg declares
MINIMUM_PYTHON ?= python3.11

.PHONY: help figures smoke test test-minimum test-newest check house certify proofs fuzz attack conformance-mutants mutants clean

help:
	@echo "make figures       every figure at paper scale, stale ones only (WORKERS=$(WORKERS))"
	@echo "make smoke         every figure in seconds-long settings, into figures/smoke"
	@echo "make test          all gates and all tests"
	@echo "make test-minimum  README session and contract tests with the lowest declared versions, in .venv-minimum"
	@echo "make test-newest   the same with the newest versions, in .venv-newest"
	@echo "make check         the gates alone: style, types, imports, docstrings"
	@echo "make house         how readable the sources are, in numbers beside their bars"
	@echo "make certify       10^6 rational instances over all exact statements, 0 violations (10 min)"
	@echo "make proofs        the machine-checked rows, by Coq, and their tie to Python's sides (5 min); says what to install"
	@echo "make fuzz          FUZZ_DRAWS=100000 values at extreme settings against an exact oracle, resumed from .cache/fuzz; 24,000 wrong calls"
	@echo "make attack        ATTACK_EVALUATIONS=100000 a claim: a search for violations of every inequality that holds, resumed from .cache/attack"
	@echo "make conformance-mutants  random wrong formulas, at least 200 of which differ: the kit must find 99 % (3 min)"
	@echo "make mutants       survivors of mutation tests, into tests/mutants (MODULES=arithmetic/signlog; hours for all)"
	@echo "make clean         remove .venv and caches"

$(READY): setup.cfg pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "quadmeta needs Python 3.11 or later, this is %d.%d: set PYTHON=..." % v[:2])'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,gates]'
	@touch $(READY)

figures: $(READY)
	$(RUN) -m experiments run --workers $(WORKERS)

smoke: $(READY)
	$(RUN) -m experiments run --smoke

check: $(READY)
	$(RUN) -m ruff format --check --quiet .
	$(RUN) -m ruff check --quiet .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache

house: $(READY)
	$(RUN) -m tests.house

# the types and the ladder beside the tests: they keep one core busy for a minute
test: $(READY)
	$(RUN) -m ruff format --check --quiet .
	$(RUN) -m ruff check --quiet .
	@mkdir -p .cache
	@{ $(RUN) -m mypy && $(VENV)/bin/lint-imports --no-cache; } > .cache/gates.log 2>&1 & gates=$$!; \
	$(RUN) $(PYTEST); tests=$$?; \
	wait $$gates; types=$$?; cat .cache/gates.log; exit $$((tests ? tests : types))

.venv-minimum/.ready: setup.cfg pyproject.toml constraints-minimum.txt
	$(MINIMUM_PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "the lowest versions are those of Python 3.11: set MINIMUM_PYTHON=...")'
	$(MINIMUM_PYTHON) -m venv --clear .venv-minimum
	.venv-minimum/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-minimum.txt -e '.[test]'
	@touch $@

test-minimum: .venv-minimum/.ready
	.venv-minimum/bin/python $(PYTEST) $(CONTRACT)

test-newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	.venv-newest/bin/python $(PYTEST) $(CONTRACT)

certify: $(READY)
	$(RUN) -m quadmeta certify

# Coq itself is not installed by anything here
proofs: $(READY)
	$(RUN) -m proofs
	$(RUN) -m proofs.mutants

FUZZ_DRAWS ?= 100000
fuzz: $(READY)
	$(RUN) -m tests.bad_calls.run --show
	$(RUN) -m tests.fuzz.run --draws $(FUZZ_DRAWS) --workers $(WORKERS)

ATTACK_EVALUATIONS ?= 100000
attack: $(READY)
	$(RUN) -m tests.attack.run --evaluations $(ATTACK_EVALUATIONS) --workers $(WORKERS)

conformance-mutants: $(READY)
	$(RUN) -m tests.conformance.mutants --count 400

mutants: $(READY)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	nice -n 10 $(RUN) tests/mutants/run.py $(MODULES)

clean:
	rm -rf $(VENV) .venv-minimum .venv-newest .cache build *.egg-info
