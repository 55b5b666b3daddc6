# Switchyard: everything that a person runs. `make` alone lists it.
# PYTHON=/path/to/python3 chooses the Python of the virtual environment, MICROPYTHON=/path the node's
# interpreter, ARGS="..." goes to the program behind a target.

BIN := .venv/bin
UV := uv

.DEFAULT_GOAL := help
.PHONY: help setup setup-test mosquitto boards sim test lint format bench bench-memory package screenshots chromium reference pins clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make the virtual environment .venv, or bring it up to date.
	@tools/setup.sh runtime

boards: ## Set up what yard needs for real boards: flash, deploy, provision, image ...
	@tools/setup.sh boards

sim: setup ## Run a broker, a simulated board and the firmware here; ARGS="--chips 8".
	@$(BIN)/yard sim $(ARGS)

# Most tests wait for something most of the time, so there are more workers than processors.
test: setup-test mosquitto chromium lint ## Run every test; ARGS="-k pattern" chooses some.
	@$(BIN)/pytest -n 4 --dist loadfile $(ARGS)

bench: setup-test mosquitto ## Measure a simulated node and print its figures.
	@$(BIN)/python -m benchmarks.run $(ARGS)

bench-memory: setup-test mosquitto ## Measure what the firmware takes of a 32-bit heap, and run it there.
	@$(BIN)/python -m benchmarks.memory $(ARGS)

lint: setup-test ## Check style, types and spelling.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/codespell

format: setup-test ## Bring the code into shape.
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

package: setup ## List the files of firmware/ in package.json.
	@$(BIN)/python tools/package_json.py

screenshots: setup-test mosquitto chromium ## Take the pictures of docs/images/ from the running page.
	@PYTHONPATH=tests_host $(BIN)/python tests_host/browser/screenshots.py

reference: setup ## Write docs/components.md and docs/components.schema.json from the *_args.py.
	@$(BIN)/python -m yard.reference

pins: ## Renew the pinned requirements from pyproject.toml (needs uv).
	@tools/pins.sh $(UV)

clean: ## Remove the environment and the caches; the simulated node keeps its state folder.
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis tools/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-test:
	@tools/setup.sh test

mosquitto:
	@tools/setup.sh mosquitto

chromium:
	@tools/setup.sh chromium
