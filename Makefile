# Each target makes its own environment in .venv; nothing else on the machine is changed.
# Best a Python for which the packages have wheels, else any that is not too old.
PYTHON ?= $(shell for below in 15 99; do for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, int(sys.argv[1])))' $$below 2>/dev/null \
	&& echo $$python && break 2; done; done)
BIN := .venv/bin
# pytest rewrites the assertions of every test file. That takes seconds, so the result is kept, also in containers
# that forbid Python to write caches.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# File by file, in their order: the long ones come first, so that all processes end at about the same time.
SPREAD := -n 3 --dist loadfile --no-loadscope-reorder
PACKAGES := 'import sysconfig; print(sysconfig.get_path("purelib"))'

.PHONY: help demo inspect test unit lint bench size proof extension clean
help:
	@echo "make demo    the whole path on sample data, without an AWS account (about 3 minutes the first time)"
	@echo "make inspect the inspect_ai package in an environment of its own, for the demo of that kind"
	@echo "make test    all tests"
	@echo "make unit    the quick tests only: one part at a time, without local AWS"
	@echo "make lint    ruff and mypy"
	@echo "make bench   speed, as ratios in one run"
	@echo "make size    lines per folder"
	@echo "make proof   the long proofs (simulations); remakes the tables they leave"
	@echo "make extension   dist/extension: the skill as a plugin or extension, and its archive for a release"

demo: .venv/.demo
	@$(BIN)/python scripts/evaluate.py demo
	@echo "Another kind of evaluation: $(BIN)/python scripts/evaluate.py demo --kind predictive (or nova, benchmark, ...)"

inspect: .venv/.inspect

test: .venv/.dev .venv/.inspect .venv/.sdk2
	HYPOTHESIS_PROFILE=thorough $(PYTEST) $(SPREAD) tests/e2e tests/contract tests/golden tests/unit

unit: .venv/.dev
	$(PYTEST) $(SPREAD) tests/unit

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.dev
	$(BIN)/python bench/run.py

size: .venv/.dev
	@$(BIN)/python bench/size.py

proof: .venv/.dev
	$(PYTEST) tests/proof

extension: .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	$(BIN)/python scripts/evaluate.py install --extension dist/extension
	tar -czf dist/model-evaluation-extension.tar.gz -C dist/extension .

clean:
	rm -rf .venv demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; name it: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

# The package is compiled once here, since containers often forbid Python to write its caches later.
.venv/.demo: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	$(BIN)/python -m compileall -q scripts/model_evaluation
	@touch $@

# Inspect pins another boto3 than the rest takes: `demo --kind inspect_ai` and its tests run it from here.
.venv/.inspect: pyproject.toml | .venv/bin/python
	$(BIN)/python -m venv .venv/inspect-ai
	.venv/inspect-ai/bin/python -m pip install --quiet --disable-pip-version-check 'inspect-ai>=0.3.220,<0.4'
	@touch $@

# SDK v2 cannot stand beside v3: the test that starts a job with it runs from here. All else is taken from .venv.
.venv/.sdk2: pyproject.toml | .venv/.dev
	$(BIN)/python -m venv .venv/sdk-2
	@echo "$$($(BIN)/python -c $(PACKAGES))" > "$$(.venv/sdk-2/bin/python -c $(PACKAGES))/packages.pth"
	.venv/sdk-2/bin/python -m pip install --quiet --disable-pip-version-check --no-warn-conflicts 'sagemaker>=2.254.1,<3'
	@touch $@

.venv/.dev: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	$(BIN)/python -m compileall -q scripts/model_evaluation
	-@$(PYTEST) --collect-only -qq tests/unit >/dev/null
	@touch $@ .venv/.demo
