# make run: the environment, then the app.   make test: all tests.   make check: what CI does.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
TEST = $(BIN)/python -m pytest -n 2 --dist loadfile

NODE_READY = node_modules/.package-lock.json

.PHONY: run test check format environment screenshots benchmarks clean

run: $(READY)
	$(BIN)/streamlit run app.py

test: $(READY)
	$(TEST)

check: $(READY) $(NODE_READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	npm run --silent check
	$(TEST)

format: $(READY) $(NODE_READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	npm run --silent format

environment: $(READY)

$(READY): requirements.txt requirements-dev.txt requirements-cluster.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	touch $(READY)

# only `make check` and `make format` need node 20 or newer; the app does not
$(NODE_READY): package.json package-lock.json
	npm ci --no-audit --no-fund
	touch $(NODE_READY)

screenshots: $(READY)
	$(BIN)/python -m tools.screenshots

benchmarks: $(READY)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) node_modules
