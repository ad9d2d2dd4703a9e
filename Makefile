# Every target sets itself up. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Without byte code every run would read the SDKs' source: 8 s instead of 3.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/.tools/bin:$(CURDIR)/.venv/bin:$(PATH)

PYTHON ?= python3
STATE ?= .state/demo

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

.PHONY: setup
setup: ## Python environment and Pulumi engine; quick the second time
	@$(PYTHON) toolchain/setup.py

.PHONY: setup-checks
setup-checks:
	@$(PYTHON) toolchain/setup.py --checks

.PHONY: setup-tests
setup-tests:
	@$(PYTHON) toolchain/setup.py --tests

.PHONY: demo
demo: setup ## The plan's fleet comes up on simulated clouds
	@hms up --all --simulate --state $(STATE) --yes
	@echo "  source .venv/bin/activate puts hms on your PATH; make demo-down takes it all down"

.PHONY: demo-down
demo-down: setup ## Take the demo down again
	@hms destroy --all --simulate --state $(STATE) --yes

.PHONY: lab
lab: setup lab-tools ## The plan's fleet on real Kubernetes and Cilium on this machine, every flow tried (root)
	@hms lab up
	@hms connectivity test --lab

.PHONY: lab-down
lab-down: setup ## End the lab
	@hms lab down

.PHONY: test
test: test-simulated ## All tests; those of the lab where this machine can run one
	@if hms lab doctor --quiet; then $(MAKE) --no-print-directory test-lab; fi

.PHONY: test-simulated
test-simulated: setup-tests ## All tests but the lab's: the real Pulumi engine on simulated clouds
	@pytest -n 2 --dist loadfile -m "not lab"

.PHONY: test-lab
test-lab: setup-tests lab-tools ## Tests of real Kubernetes, Cilium and networks (root)
	@pytest -n 2 --dist loadfile -m lab tests/lab
	@pytest -m lab tests/live

.PHONY: check
check: setup-checks ## Style, types, layers, generated files
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports
	@hms fleet schema | diff -u fleets/schema.json - || { echo "fleets/schema.json is out of date; run: make schema" >&2; exit 1; }
	@python -m ops.reference --check
	@hms fleet check fleets/*.yaml
	@zizmor --offline --quiet .github
	@actionlint -shellcheck= -pyflakes=

.PHONY: lab-tools
lab-tools: ## What the lab runs: built once for your user in about 25 minutes; quick the second time
	@$(PYTHON) toolchain/lab.py

.PHONY: link-tools
link-tools: ## What hms link test runs: IKEv2 and BGP daemons, unpacked in seconds (make lab-tools has them too)
	@$(PYTHON) toolchain/link.py

.PHONY: schema
schema: setup ## Write fleets/schema.json from the model
	@hms fleet schema > fleets/schema.json

.PHONY: reference
reference: setup ## Write docs/cli from the command line
	@python -m ops.reference

.PHONY: bench-preview
bench-preview: setup ## Preview of the fleet against as many bare resources
	@python -m tests.bench.preview

.PHONY: bench-policies
bench-policies: setup ## Weaken what the program plans, one property at a time, and see the policies catch it
	@python -m tests.bench.policies

.PHONY: bench-link
bench-link: setup link-tools ## The tunnels of dev for real: key exchange, encryption, BGP, packets, and a tunnel cut
	@python -m tests.bench.link

.PHONY: lock
lock: setup ## Write requirements.lock from pyproject.toml
	@uv=$$($(PYTHON) -c 'import sys; sys.path.insert(0, "."); from toolchain.setup import find_uv; print(find_uv())'); \
	  "$$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	    --python-version 3.11 --group dev --output-file requirements.lock pyproject.toml

.PHONY: clean
clean: ## Remove what setup and the demo made in this folder
	@rm -rf .venv .tools .state
