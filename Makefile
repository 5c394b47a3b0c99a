# Everything runs in .venv, made from the hashed locks; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
OUT ?= out/demo

# Python's own bytecode is kept, whatever the caller's environment says: without it every process
# compiles numba, scipy and the rest anew. What is never imported is not compiled at all.
unexport PYTHONDONTWRITEBYTECODE
INSTALL := $(PIP) install --no-compile

# Two processes test side by side; threads of numpy that wait for work would take time from them.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_WAIT_POLICY=passive

.PHONY: demo test check bench docs clean lock warm

demo: $(VENV)/.runtime  ## calibrate the generated venue and write its report
	$(BIN)/plimsoll demo --out $(OUT)

test:  ## every test, with all reference data there are
	$(MAKE) --no-print-directory -j2 $(VENV)/.development $(VENV)/.warm  # side by side: one waits, one works
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(VENV)/.development  ## ruff, format, types, imports, fast tests and doctests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 -m "not slow"

bench: $(VENV)/.development $(VENV)/.warm  ## peers and ours alternately; writes the committed tables
	$(BIN)/python -m benchmarks

docs: $(VENV)/.development  ## the pages under docs/_build/html
	$(BIN)/python -m sphinx -n -W -q docs docs/_build/html

warm: $(VENV)/.warm

lock:  ## refresh both locks (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra venues --extra docs --extra dev pyproject.toml -o requirements-dev.lock
	printf 'hatchling>=1.27\neditables>=0.5\n' | uv pip compile --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate --no-emit-index-url -c requirements-dev.lock \
	  pyproject.toml - -o requirements.lock

clean:  ## remove what was made, the environment included
	rm -rf $(VENV) out build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .grimp_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Plimsoll needs Python 3.11 or later; name one with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.made
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.development: requirements-dev.lock | $(VENV)/.runtime
	$(INSTALL) --require-hashes -r requirements-dev.lock
	touch $@

# Compiled kernels are kept beside their sources; editing one compiles it again at its first call.
# The demo does without: each verb compiles what it needs at its first run.
$(VENV)/.warm: | $(VENV)/.runtime
	$(BIN)/plimsoll warm
	touch $@
