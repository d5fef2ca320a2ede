# Every target does its own set-up. PYTHON names the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# How many rounds of kills `make faults` makes, and the seed of their random choices (empty: a new one).
ROUNDS ?= 200
SEED ?=

.PHONY: run test fuzz faults check ci bench lock format schema messages clean

run: $(VENV)/.runtime
	@exec $(BIN)/python -m goatapi.supervisor

test: $(VENV)/.dev
	@sh ops/setup/servers.sh
	$(BIN)/pytest
	GOATAPI_TEST_ON=production $(BIN)/pytest -m "not once"

# Rounds of kills, which go on where they were when they are interrupted, and the long form of tests/faults.
faults: $(VENV)/.dev
	@sh ops/setup/servers.sh
	$(BIN)/python -m tests.faults --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))
	FAULTS=long $(BIN)/pytest tests/faults
	PRODUCTION_SECONDS=120 PRODUCTION_AWAY_SECONDS=60 $(BIN)/pytest tests/live/test_production.py

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check
	$(BIN)/python manage.py spectacular --fail-on-warn --validate --file /dev/null
	$(BIN)/python manage.py schema --check

# Thousands of made-up requests; for other ones: make fuzz CASES=10000 SEED=7
CASES ?= 2000
fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --cases $(CASES) $(if $(SEED),--seed $(SEED))

ci: check test

# Needs wrk, and PostgreSQL unless DB=sqlite; everything else it can be told is in docs/performance.md.
bench: $(VENV)/.dev
	@$(BIN)/python -m bench $(if $(JSON),--json)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Renews the API reference in docs/.
schema: $(VENV)/.dev
	$(BIN)/python manage.py schema

# Renews the catalogues of translations and what is compiled of them; needs gettext's tools, as nothing else does.
messages: $(VENV)/.dev
	$(BIN)/python manage.py makemessages --all --no-location --no-obsolete --no-wrap \
		$(addprefix --ignore=,.venv tests bench docs)
	$(BIN)/python manage.py compilemessages --ignore=.venv

# Renews the hashed requirements after a change of pyproject.toml.
lock: $(VENV)/.dev
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-header --group dev pyproject.toml -c requirements.txt -o requirements-dev.txt

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@sh ops/setup/venv.sh $(PYTHON) $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
