# make quick gives a first answer, make mnist_relu runs the main job, make test the tests. Each installs what it needs first.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

DOCS := .venv-docs
PEERS := .venv-peers

.PHONY: quick mnist_relu all test test-long test-all test-versions test-lowest-direct test-highest faults lint lint-page
.PHONY: verify-sample bench bench-check peers docs lock

# a first answer, in half a minute on two quiet cores
quick: $(VENV)/installed
	$(RUN) -m repro.mnist_relu --quick

mnist_relu: $(VENV)/installed
	$(RUN) -m repro.mnist_relu

all: $(VENV)/installed
	$(RUN) -m repro run --all

# a file's tests share what they set up, so that one process runs them; tests/conftest.py says which file comes first
IN_PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

# one or two tests of each kind, none of which takes long
test: $(VENV)/installed
	$(RUN) -m pytest $(IN_PARALLEL)

# those that take some seconds each, as CI runs them after `make test`
test-long: $(VENV)/installed
	$(RUN) -m pytest $(IN_PARALLEL) -m "long and not slow"

# the quick tests that compare no bytes, with the lowest versions that pyproject.toml allows and with the latest; needs uv
VERSIONED := tests/training tests/instruments tests/findings/test_statistics.py tests/findings/test_verdicts.py tests/commands tests/study tests/store tests/data tests/test_startup.py tests/test_docstrings.py
test-versions: test-lowest-direct test-highest

# the lowest versions call what the latest of their own requirements have deprecated
test-lowest-direct: WARNINGS := -W default::DeprecationWarning -W default::FutureWarning
test-lowest-direct test-highest: test-%:
	uv venv --quiet --clear .venv-$*
	uv pip install --quiet --python .venv-$* --resolution $* ".[dev]"
	.venv-$*/bin/python -m pytest $(IN_PARALLEL) $(WARNINGS) $(VERSIONED)

# with the slow ones: all commands of the pages, all rounds of kills, full disks and damage
test-all: $(VENV)/installed
	$(RUN) -m pytest $(IN_PARALLEL) -m ""

# all rounds of kills, full disks and damage; `make test` takes a sample
faults: $(VENV)/installed
	$(RUN) -m pytest tests/faults tests/fuzz -m ""

# trains a block of each way to train of every study again and compares with results/: a minute
VERIFY := $(RUN) -m repro verify --skip-unavailable --elsewhere --seeds 1
verify-sample: $(VENV)/installed
	$(VERIFY) truth_table --variants relu_posted,relu_sigmoid_output
	$(VERIFY) add_numbers --variants relu_posted,relu_rebuild
	$(VERIFY) relu_at_zero --variants float16_one,integers_half
	$(VERIFY) four_layers --variants relu_true_1k
	$(VERIFY) mnist_relu --variants relu_raw_first_steps

lint: $(VENV)/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

# the explorable page's modules: rules, format and types; needs npm, which nothing else does
lint-page:
	@if command -v npm >/dev/null; then \
		cd repro/explore && npm ci --silent --no-audit --no-fund && npm run --silent check; \
	else echo "lint-page is skipped: npm is missing"; fi

bench: $(VENV)/installed
	$(RUN) -m bench

# names what got slower, by its ratio to what a user would do instead, than bench/results/ says
bench-check: $(VENV)/installed
	$(RUN) -m bench --check

# fit_seeds beside PyTorch, JAX and scikit-learn, in an environment of its own: some gigabytes
peers: $(PEERS)/installed
	$(PEERS)/bin/python -m bench.peers
	$(PEERS)/bin/python -m bench.peers.networks

# the guides and the reference as a site, which opens without a server: build/site/index.html
docs: $(DOCS)/installed
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build --strict
	@echo "Open build/site/index.html"

# requirements.txt holds exact versions and hashes for Python 3.11 to 3.13; needs uv
LOCK := uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"
lock:
	$(LOCK) --extra dev pyproject.toml -o requirements.txt
	$(LOCK) --group docs -o docs/site/requirements.txt
	$(LOCK) --extra dev --group peers pyproject.toml -o bench/peers/requirements.txt

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --require-hashes -r requirements.txt
	touch $@

$(PEERS)/installed: bench/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --no-deps --require-hashes -r bench/peers/requirements.txt
	touch $@

$(DOCS)/installed: docs/site/requirements.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --require-hashes -r docs/site/requirements.txt
	touch $@
