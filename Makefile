# Everything runs in .venv, which every target builds if it is not there or its pins changed.
PYTHON ?= python3.11
BIN := .venv/bin
SNAKEMAKE := OMP_NUM_THREADS=1 $(BIN)/xstilts warm $(BIN)/snakemake --profile local --quiet rules

.PHONY: venv demo demo-null demo-full real test lint format lock

venv: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: venv ## the embedded world, from nothing to a report
	$(SNAKEMAKE) --configfile config/demo.yaml
	$(BIN)/snakemake --cores 1 --quiet all --configfile config/demo.yaml --report results/demo/report.html
	@echo; cat results/demo/answer.txt; echo; echo "The report: results/demo/report.html"

demo-null: venv ## the same world, in which similarity means nothing
	$(SNAKEMAKE) --configfile config/demo.yaml config/demo-null.yaml
	@echo; cat results/demo-null/answer.txt

demo-full: venv ## the demo's grid at three seeds
	$(SNAKEMAKE) --configfile config/demo.yaml config/demo-full.yaml
	@echo; cat results/demo-full/answer.txt

real: venv ## real data and a real encoder: set XSTILTS_REALDATA and XSTILTS_ENCODER
	$(SNAKEMAKE) --configfile config/real.yaml
	$(BIN)/snakemake --cores 1 --quiet all --configfile config/real.yaml --report results/real/report.html
	@echo; cat results/real/answer.txt; echo; echo "The report: results/real/report.html"

test: venv
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup $(PYTEST)

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint --configfile config/demo.yaml
	$(BIN)/codespell

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

lock: ## pin everything that pyproject.toml asks for, as installed in a fresh environment
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	$(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//' > requirements.lock
