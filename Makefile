# SPDX-License-Identifier: GPL-3.0-or-later
SHELL := bash
.DEFAULT_GOAL := help
export LC_ALL := C.UTF-8

STAGES ?=
timed := tests/tools/timed

.PHONY: help setup lab lab-down test format docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Lay .venv and the system packages the lab needs
	@$(timed) setup tests/tools/setup

lab: setup ## Start the lab, deploy to it, show both ends
	@$(timed) "lab up" .venv/bin/python -m lab up
	@$(timed) "deploy" .venv/bin/ansible-playbook -i lab/inventory site.yml
	@$(timed) "lab status" .venv/bin/python -m lab status

lab-down: ## Remove the lab
	@.venv/bin/python -m lab down

test: ## Run the whole suite, or STAGES="lint unit"
	@tests/run $(STAGES)

format: ## Format the Python code and mend what can be mended
	@.venv/bin/ruff check --fix --quiet . || true
	@.venv/bin/ruff format .

docs: ## Write what is generated: the roles' README files, docs/profiles.md, the tables of docs/health.md and docs/verify.md
	@.venv/bin/python -m tests.tools.profile_docs
	@.venv/bin/python -m tests.tools.health_docs
	@.venv/bin/python -m tests.tools.verdict_docs
	@for role in roles/*/; do .venv/bin/aar-doc --output-mode replace "$$role" markdown; done

lock: setup ## Resolve the requirements anew
	@tests/tools/lock

clean: ## Remove caches and built tarballs; .venv and the lab stay
	@rm -rf .cache .ansible .ruff_cache tests/output ./*.tar.gz
