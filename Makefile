# Every target sets up what it needs first; see scripts/bootstrap.sh.
VENV_PYTHON := .venv/bin/python
ADDRESS ?= 127.0.0.1
PORT ?= 8501
INPUT ?=

# Tests in a browser have the machine to themselves.
PYTEST = $(VENV_PYTHON) -m pytest
TEST = $(PYTEST) -n logical --maxprocesses 4 --dist loadfile --ignore tests/e2e && $(PYTEST) tests/e2e

.DEFAULT_GOAL := help
.PHONY: help serve demo test check weights screenshots

help:
	@echo "make serve   start the dashboard on http://$(ADDRESS):$(PORT)"
	@echo "make demo    segment and measure a simulated cell, or INPUT=FILE"
	@echo "make test    run all the tests"
	@echo "make weights train the shipped versions again: NAMES=membrane for one, VERSION=N to number them"
	@echo "make check   format, lint and types, then all the tests"

serve:
	@sh scripts/bootstrap.sh run
	@$(VENV_PYTHON) -m streamlit run app.py --server.address $(ADDRESS) --server.port $(PORT)

demo:
	@sh scripts/bootstrap.sh run
	@sh scripts/demo.sh $(INPUT)

weights:
	@sh scripts/bootstrap.sh run
	@$(VENV_PYTHON) scripts/train_shipped.py $(NAMES) $(if $(VERSION),--version $(VERSION))

test:
	@sh scripts/bootstrap.sh dev
	@$(TEST)

# The pictures of docs/screenshots, taken on the tour that the tests make.
screenshots:
	@sh scripts/bootstrap.sh dev
	@SXT_SCREENSHOTS=docs/screenshots $(PYTEST) tests/e2e/test_tour.py

check:
	@sh scripts/bootstrap.sh dev
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy
	@$(TEST)
