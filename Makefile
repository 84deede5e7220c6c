# Needs Python 3.11 or newer, make and git, and nothing else: the rest comes from requirements.txt into .venv.

PYTHON ?=
SITE = .venv/bin/python -m qed.site
export OMP_NUM_THREADS = 1

help:  ## list these commands
	@awk '/^[a-z]+:.*## / {name = text = $$0; sub(/:.*/, "", name); sub(/.*## /, "", text); printf "make %-9s%s\n", name, text}' Makefile

html: environment  ## build the site into _build/html
	@$(SITE) build

test: environment  ## run every test
	@.venv/bin/ruff check && .venv/bin/mypy
	@.venv/bin/pytest --nbval -n 2 --dist loadscope tests book

offline: environment  ## build the site with Python for browsers inside it; FROM=folder of a Pyodide distribution
	@$(SITE) offline $(if $(FROM),--from "$(FROM)")

serve: html  ## build the site and show it on a local port
	@$(SITE) serve

epub: environment  ## make an EPUB of the book
	@$(SITE) epub

pdf: environment  ## print a PDF of the book; needs Chromium or Chrome
	@$(SITE) pdf

lab: environment  ## open JupyterLab on the book
	@.venv/bin/jupyter lab book

refresh: environment  ## execute notebooks and store their outputs: all, or NB=slug
	@$(SITE) refresh $(NB)

bench: environment  ## measure all, or PART=checker; the figures go into bench/results.json
	@.venv/bin/python bench $(PART)

pins:  ## pin dependencies by pyproject.toml in requirements.txt, anew if UPGRADE=1; needs uv
	@echo '-e .[book,test]' | uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-annotate \
	  $(if $(UPGRADE),--upgrade) --custom-compile-command 'make pins' - -o requirements.txt

audit: environment  ## look up known vulnerabilities of the pinned dependencies
	@$(SITE) audit

new: environment  ## start an article from the template: SLUG=my-question
	@$(SITE) new "$(SLUG)"

# The environment is checked by the Python inside it; where there is none yet, the first that is new enough makes it.
environment:
	@if .venv/bin/python src/qed/site/environment.py --check 2>/dev/null; then exit 0; fi; \
	for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python); do \
	  if $$python -c '' 2>/dev/null; then found=$$python; \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then break; fi; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "No Python was found; install 3.11 or newer, or name one: make html PYTHON=/path/to/python3" >&2; exit 1; fi; \
	exec $$found src/qed/site/environment.py

.PHONY: help html test serve offline epub pdf lab refresh bench pins audit new environment
