# Every target sets up what it needs first; see scripts/bootstrap.sh.
VENV_PYTHON := .venv/bin/python
ADDRESS ?= 127.0.0.1
PORT ?= 8501
INPUT ?=
DASHBOARD_TESTS := tests/e2e tests/jobs tests/workspace tests/ui

.DEFAULT_GOAL := help
.PHONY: help serve demo test test-dashboard check weights

help:
	@echo "make serve   start the dashboard on http://$(ADDRESS):$(PORT)"
	@echo "make demo    segment and measure a simulated cell, or INPUT=FILE"
	@echo "make test    run all the tests"
	@echo "make test-dashboard  run the tests of the dashboard in the making"
	@echo "make weights train the shipped model again, as version VERSION=N"
	@echo "make check   format, lint and types, then all the tests"

serve:
	@sh scripts/bootstrap.sh run
	@$(VENV_PYTHON) -m streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

demo:
	@sh scripts/bootstrap.sh run
	@sh scripts/demo.sh $(INPUT)

weights:
	@sh scripts/bootstrap.sh run
	@$(VENV_PYTHON) scripts/train_shipped.py $(if $(VERSION),--version $(VERSION))

test:
	@sh scripts/bootstrap.sh dev
	@$(VENV_PYTHON) -m pytest $(addprefix --ignore=,$(DASHBOARD_TESTS))

# The dashboard in the making: browsers, worker processes and several servers at once.
test-dashboard:
	@sh scripts/bootstrap.sh dev
	@$(VENV_PYTHON) -m pytest $(DASHBOARD_TESTS)

check:
	@sh scripts/bootstrap.sh dev
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy
	@$(VENV_PYTHON) -m pytest $(addprefix --ignore=,$(DASHBOARD_TESTS))
