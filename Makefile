# The short commands, the same for people and for CI. Needs Python 3.11 or 3.12 with venv, and a C compiler.
# `make setup` does nothing when .venv is up to date.

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3,$(shell command -v $(name) 2>/dev/null)))
VENV := .venv
READY := $(VENV)/.ready
PEERS_READY := .peers/.ready
PYTEST_ARGS ?=
JAVA ?= $(firstword $(wildcard /usr/lib/jvm/java-17-openjdk-*))

.DEFAULT_GOAL := help
REPLAY_ARGS ?= tests/workflows/histories
SCENARIO ?=
.PHONY: help setup demo test bench replay record-histories rolling prism peers ansible-peers kills chaos check audit format schemas pages lock clean screenshots

help: ## Lists these commands.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 20

setup: $(READY) ## Makes .venv with everything in it; .venv/bin/doorstep is the program.

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python found; install Python 3.11 (Debian: apt-get install python3 python3-venv python3-dev gcc)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || { echo "$(PYTHON) is $$($(PYTHON) --version); Doorstep needs Python 3.11 or 3.12: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV) || { echo "cannot make $(VENV); on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

demo: setup ## Plays a delivery day against a real Temporal server of its own, in about a minute.
	$(VENV)/bin/doorstep demo

test: setup ## Runs all tests, in two processes. PYTEST_ARGS are handed on.
	$(VENV)/bin/pytest -n 2 --dist loadfile $(PYTEST_ARGS)

bench: setup ## Measures everything in about twelve minutes, prints one table; benchmarks/results.json keeps the figures. BENCH=--quick tries it.
	-@$(MAKE) --no-print-directory $(PEERS_READY)
	$(VENV)/bin/python -m benchmarks $(BENCH)

bench-open: setup ## Opens 100,000 deliveries (OPEN=) on the embedded server and watches disk and memory; most of an hour.
	$(VENV)/bin/python -m benchmarks.many_open $(OPEN)

$(PEERS_READY): benchmarks/peers.txt $(READY)
	@test -x .peers/bin/pip || $(VENV)/bin/python -m venv .peers
	.peers/bin/pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	@touch $@

peers: setup $(PEERS_READY) ## Measures the same 50 rules by other engines, which it installs beside .venv; benchmarks/peers.json keeps the figures.
	PYTHONPATH=$$(.peers/bin/python -c 'import site; print(site.getsitepackages()[0])') $(VENV)/bin/python -m benchmarks.peers

prism: setup ## Checks what is sent to Twilio by the official OpenAPI, in prism, which it installs in .prism. Needs npm, and DOORSTEP_TEST_DATA.
	npm install --prefix .prism --no-audit --no-fund --silent @stoplight/prism-cli@5
	$(VENV)/bin/pytest -rs tests/integrations/test_twilio_prism.py

ansible-peers: setup ## Measures four rules about time by ansible-rulebook's Drools too, beside .venv. Needs Java 17 (Debian: openjdk-17-jdk-headless).
	@test -e "$(JAVA)/lib/server/libjvm.so" || { echo "no Java 17 in $(JAVA); on Debian: apt-get install openjdk-17-jdk-headless, or make ansible-peers JAVA=/path" >&2; exit 1; }
	@test -x .ansible-peers/bin/pip || $(VENV)/bin/python -m venv .ansible-peers
	.ansible-peers/bin/pip install --quiet --disable-pip-version-check ansible-rulebook==1.3.2 ansible-core==2.19.14
	JAVA_HOME=$(JAVA) LD_LIBRARY_PATH=$(JAVA)/lib/server $(VENV)/bin/python -m benchmarks.timing .ansible-peers/bin/python

kills: setup ## Kills the worker 200 times (KILLS=) with effects of every kind in hand, and counts what arrived; about half an hour.
	DOORSTEP_KILLS=$(or $(KILLS),200) $(VENV)/bin/pytest -q tests/end_to_end/test_kills.py

replay: setup ## Replays all recorded histories with the code as it is. REPLAY_ARGS=--server replays what runs on a Temporal server.
	$(VENV)/bin/doorstep replay $(REPLAY_ARGS)

record-histories: setup ## Plays the scenarios that this version has not recorded yet, and keeps their histories. SCENARIO=name plays one anew.
	$(VENV)/bin/python -m tests.workflows.recording $(SCENARIO)

chaos: setup ## Plays 1,000 deliveries (DELIVERIES=, SEED=) while every part is killed, and counts what was lost; about ten minutes.
	$(VENV)/bin/python -m tests.chaos --seed $(or $(SEED),1) --deliveries $(or $(DELIVERIES),1000) $(if $(JSON),--json $(JSON))

rolling: setup ## Replaces workers by those of a next version while deliveries run, without worker versioning and with it; and a cold worker takes over 100.
	DOORSTEP_ROLLING=1 $(VENV)/bin/pytest -q tests/end_to_end/test_rolling_restart.py tests/end_to_end/test_cold_worker.py

screenshots: setup ## Plays a scene and takes the pictures of README and docs from it. Needs Chromium (Debian: chromium).
	$(VENV)/bin/python -m docs.screenshots

check: setup ## Format, lint, types.
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests

audit: setup ## Looks for known holes in what requirements.lock pins; says so where the service cannot be reached.
	$(VENV)/bin/python .ci/audit.py

format: setup ## Puts the code into its format.
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

schemas: setup ## Writes docs/schema from the models of what a delivery is sent and answers.
	$(VENV)/bin/python -m workflows.schema

pages: ## Writes the examples of order systems into docs/oms.md.
	$(firstword $(wildcard $(VENV)/bin/python) $(PYTHON)) examples/oms/embed.py

lock: setup ## Pins the newest versions that pyproject.toml allows.
	$(VENV)/bin/pip install --quiet uv
	$(VENV)/bin/uv pip compile --quiet --upgrade --all-extras pyproject.toml -o requirements.lock --no-header --no-annotate

clean: ## Removes .venv and caches, not data.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build ./*.egg-info
