# Everything runs in .venv, which every target builds if it is not there or its pins changed.
PYTHON ?= python3.11
BIN := .venv/bin
SNAKEMAKE := OMP_NUM_THREADS=1 $(BIN)/xstilts warm $(BIN)/snakemake --profile local --quiet rules
REPORT := $(BIN)/snakemake --profile local --quiet all

.PHONY: venv world demo demo-null demo-full real publish test quick lint format lock

venv: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

# Invented data, as files that a config names; those that are as they should be stay as they are.
world: venv
	$(BIN)/xstilts world resources/demo

demo: world ## the embedded world, from nothing to a report
	$(SNAKEMAKE) --configfile config/demo.yaml
	$(REPORT) --configfile config/demo.yaml --report results/demo/report.html
	@echo; cat results/demo/answer.txt; echo; echo "The report: results/demo/report.html"

demo-null: venv ## the same world, in which similarity means nothing
	$(BIN)/xstilts world resources/demo-null --effect 0
	$(SNAKEMAKE) --configfile config/demo.yaml config/demo-null.yaml -- results/demo-null/answer.txt
	@echo; cat results/demo-null/answer.txt

demo-full: venv ## the demo's grid at three seeds
	$(BIN)/xstilts world resources/demo-full --test 300
	$(SNAKEMAKE) --configfile config/demo.yaml config/demo-full.yaml
	@echo; cat results/demo-full/answer.txt

real: venv ## real data and a real encoder: set XSTILTS_REALDATA and XSTILTS_ENCODER
	$(SNAKEMAKE) --configfile config/real.yaml
	$(REPORT) --configfile config/real.yaml --report results/real/report.html
	@echo; cat results/real/answer.txt; echo; echo "The report: results/real/report.html"

# What `publish` publishes: a run that has finished.
CONFIG ?= config/demo.yaml
RESULTS ?= results/demo
GRAPH := $(REPORT) --configfile $(CONFIG) --rulegraph

publish: venv ## site/: report, figures, tables and graph of a finished run, for any static host
	rm -rf site && mkdir -p site/tables
	$(REPORT) --configfile $(CONFIG) --report site/index.html
	$(REPORT) --configfile $(CONFIG) --report site/report.zip
	cp -r $(RESULTS)/figures site/figures
	cp $(RESULTS)/*.csv $(RESULTS)/*.parquet $(RESULTS)/answer.txt site/tables
	$(GRAPH) mermaid-js > site/rulegraph.mmd
	if command -v dot > /dev/null; then $(GRAPH) dot | dot -Tsvg > site/rulegraph.svg; fi
	@echo; echo "The site: site/index.html"

# Three workers keep two cores busy: tests of workflows wait a third of their time.
test: venv
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 3 --dist loadgroup --no-loadscope-reorder $(PYTEST)

quick: venv ## the tests of every day, in two minutes: none that runs a study or is marked slow
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -q -m "not xdist_group and not slow" $(PYTEST)

lint: world
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
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
