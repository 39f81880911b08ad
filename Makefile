# Everything a contributor or CI runs. A fresh machine needs Python 3.11+ and
# make; all else (buf, Node, the linters) comes as hash-locked Python packages.
# The clients in Go and Java need Go, or a JDK with Maven: what is not there is
# left out and said so, but in CI.

PYTHON ?= python3
# Extra words for the program that a target starts: make test ARGS="-k health".
ARGS ?=
# Which version bumps `make lock` takes: --upgrade, or --upgrade-package NAME.
UPGRADE ?=
# What `make image` builds with.
ENGINE ?= docker

VENV := .venv
BUILD := .build
PROTOC := $(BUILD)/protoc
UPKEEP := $(BUILD)/upkeep
CLEAN := $(BUILD)/clean
GOOGLEAPIS := $(BUILD)/googleapis

PACKAGE := clients/python/src/llmrpc
STUBS := $(PACKAGE)/v1
BASELINE := protos/baseline.binpb
PROTOS = $(wildcard protos/llmrpc/v1/*.proto)
SERVICES = $(wildcard protos/llmrpc/v1/*_service.proto)
LOCKS := server/requirements server/build-requirements tests/requirements protos/requirements .ci/requirements
PYPROJECTS := clients/python/pyproject.toml server/pyproject.toml
SOURCES := clients/python/src server/src tests docs examples $(wildcard benchmarks)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

NPM_QUIET := --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error

# $(call mend,what to do): a failing step ends with the way out of it.
mend = { printf '\nTo mend: %s\n' "$(1)" >&2; exit 1; }

# $(call have,program,what it is for,what to install): the start of a step that is
# left out where the program is missing. With LEAVE_NOTHING_OUT set, as in CI, that
# is an error.
LEAVE_NOTHING_OUT ?=
have = if ! command -v $(1) >/dev/null; then \
	printf 'left out: %s (no `%s` here; install %s)\n' "$(2)" "$(1)" "$(3)" >&2; \
	exit $(if $(LEAVE_NOTHING_OUT),1,0); fi
HAVE_GO := $(shell command -v go)
HAVE_MAVEN := $(shell command -v mvn)
GO_NEEDED := Go $(shell sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' clients/go/go.mod) or newer
JAVA_NEEDED := a JDK 17 or newer and Maven

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- every day --------------------------------------------------------------

.PHONY: run
run: $(VENV)/.runtime ## start the server, on echo or on the providers whose keys are set
	@exec $(VENV)/bin/llmrpc-server $(ARGS)

# A worker for each core runs the suite; a selection is quicker without them.
WORKERS ?= $(if $(ARGS),0,auto)

.PHONY: test
test: $(VENV)/.dev tests/node_modules/.stamp $(if $(HAVE_GO),tools) ## run the tests, and show the slowest ten
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/python -m pytest \
		--numprocesses $(WORKERS) --maxprocesses 4 --dist loadgroup --durations 10 $(ARGS)

# Runs of the suite, and of each client's own tests, in a hunt for luck.
RUNS ?= 20
CLIENT_RUNS ?= 50

.PHONY: flaky
flaky: $(VENV)/.dev ## run the tests RUNS times beside two busy loops, and tell what failed once
	@$(VENV)/bin/python -m tests.flaky --runs $(RUNS) --client-runs $(CLIENT_RUNS)

# What the fuzzer may take for each dialect.
SECONDS ?= 600

.PHONY: fuzz
fuzz: $(VENV)/.dev ## change recorded answers at random for SECONDS a dialect, and tell which break a law
	@$(VENV)/bin/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

CHECKS := lint types imports lint-proto stubs pages wheels locks image-lint check-go check-java check-typescript check-deploy

# In turn, so that it can be told what each of them took.
.PHONY: check
check: ## every check but the tests, and the seconds of the slow ones
	@slow=; begin=$$(date +%s); for check in $(CHECKS); do \
		start=$$(date +%s); $(MAKE) --no-print-directory $$check || exit 1; \
		took=$$(( $$(date +%s) - start )); [ $$took -lt 2 ] || slow="$$slow, $$check $$took s"; \
	done; echo "check: $$(( $$(date +%s) - begin )) s$$slow"

.PHONY: check-clients
check-clients: check-go check-java check-typescript ## the linters of the clients in other languages

.PHONY: format
format: $(VENV)/.dev $(PROTOC)/.stamp ## put Python and proto files into the house's form
	@$(VENV)/bin/ruff check --quiet --fix-only .
	@$(VENV)/bin/ruff format .
	@$(PROTOC)/bin/buf format protos --write

.PHONY: docs
docs: $(VENV)/.dev ## write the tables in docs/ from the code
	@$(VENV)/bin/python -m docs.generate

.PHONY: bench
bench: $(VENV)/.dev ## measure what a call costs beside a bare server
	@$(VENV)/bin/python -m benchmarks $(ARGS)

.PHONY: clean
clean: ## remove everything that make has made
	rm -rf $(VENV) $(BUILD) tests/node_modules clients/typescript/node_modules clients/typescript/dist clients/java/target tests/conformance/runners/typescript/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find clients server tests docs examples $(wildcard benchmarks) -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the checks, one by one -------------------------------------------------

.PHONY: lint
lint: $(VENV)/.dev ## ruff: lint and format of every Python file
	@$(VENV)/bin/ruff check . \
		|| $(call mend,make format; what is left needs a hand or an ignore with its reason)
	@$(VENV)/bin/ruff format --check --diff . || $(call mend,make format)

.PHONY: types
types: $(VENV)/.dev ## mypy --strict
	@$(VENV)/bin/mypy $(SOURCES) || $(call mend,correct the types at the lines that mypy names)

.PHONY: imports
imports: $(VENV)/.dev ## import-linter: what may import what
	@$(VENV)/bin/lint-imports --no-cache --no-logo \
		|| $(call mend,turn the import around; the layers and why stand in pyproject.toml)

.PHONY: lint-proto
lint-proto: $(GOOGLEAPIS)/.stamp ## buf: style, layout and compatibility of the contract
	@$(PROTOC)/bin/buf lint \
		|| $(call mend,follow the rule that buf names; the exceptions and why stand in buf.yaml)
	@$(PROTOC)/bin/buf format protos --diff --exit-code || $(call mend,make format)
	@$(PROTOC)/bin/buf breaking protos --against $(BASELINE) \
		|| $(call mend,keep old fields and add new ones; a release that may break runs make baseline)

.PHONY: stubs
stubs: $(GOOGLEAPIS)/.stamp ## the committed stubs equal a fresh generation
	@$(fresh_stubs)
	@diff -r -x __init__.py -x __pycache__ $(STUBS) $(BUILD)/stubs/llmrpc/v1 \
		|| $(call mend,make generate and commit what it writes)

.PHONY: pages
pages: $(VENV)/.dev ## the tables in docs/ are what the code says
	@$(VENV)/bin/python -m docs.generate --check || $(call mend,make docs and commit what it writes)

# The wheels go into an environment that holds the run-time lock and nothing
# else; there they must be whole, have all they need, and work from any folder.
.PHONY: wheels
wheels: $(VENV)/.dev $(CLEAN)/.stamp ## both wheels install, hold every file and import on their own
	@rm -rf $(BUILD)/wheels
	@$(VENV)/bin/python -m pip wheel --quiet --no-deps --no-index --no-build-isolation \
		--wheel-dir $(BUILD)/wheels ./clients/python ./server \
		|| $(call mend,correct clients/python/pyproject.toml or server/pyproject.toml)
	@$(CLEAN)/bin/python -m pip install --quiet --no-deps --no-index --force-reinstall $(BUILD)/wheels/*.whl
	@$(CLEAN)/bin/python -m pip check || $(call mend,make lock)
	@diff -r -x __pycache__ $(PACKAGE) $(CLEAN)/lib/python*/site-packages/llmrpc \
		|| $(call mend,let clients/python/pyproject.toml pack the files that differ)
	@cd "$$(mktemp -d)" && $(CURDIR)/$(CLEAN)/bin/python -I -W error -c 'import llmrpc.v1, llmrpc_server' \
		|| $(call mend,declare what the import lacks in the package's pyproject.toml and make lock)
	@$(CLEAN)/bin/llmrpc --help >/dev/null && $(CLEAN)/bin/llmrpc-server --help >/dev/null \
		|| $(call mend,let each command of the two packages start and say what it can do)

.PHONY: locks
locks: ## lock files are hashed and name no host
	@! grep -nE '://|--(extra-)?index-url|--find-links' $(LOCKS:=.txt) || $(call mend,make lock)
	@! grep -nE '"resolved"' tests/package-lock.json $(wildcard clients/*/package-lock.json) \
		|| $(call mend,make lock-node)

.PHONY: image-lint
image-lint: $(VENV)/.dev ## hadolint and the Compose file's schema
	@$(VENV)/bin/hadolint Dockerfile || $(call mend,follow the rule that hadolint names)
	@$(VENV)/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yaml \
		|| $(call mend,correct docker-compose.yaml where the schema says)

# --- the contract -----------------------------------------------------------

.PHONY: generate
generate: $(GOOGLEAPIS)/.stamp generate-go generate-typescript ## write the committed stubs from protos/
	@$(fresh_stubs)
	@mkdir -p $(STUBS) && rm -f $(STUBS)/*_pb2.py* $(STUBS)/*_pb2_grpc.py*
	@cp $(BUILD)/stubs/llmrpc/v1/* $(STUBS)

.PHONY: baseline
baseline: $(GOOGLEAPIS)/.stamp ## accept the present contract as the one to stay compatible with
	@$(PROTOC)/bin/buf build protos --exclude-source-info -o $(BASELINE)

# Every stub, made anew in $(BUILD)/stubs.
define fresh_stubs
rm -rf $(BUILD)/stubs && mkdir -p $(BUILD)/stubs \
&& $(PROTOC)/bin/python -m grpc_tools.protoc -I protos -I $(GOOGLEAPIS) \
	--plugin=protoc-gen-mypy=$(PROTOC)/bin/protoc-gen-mypy \
	--python_out=$(BUILD)/stubs --mypy_out=quiet:$(BUILD)/stubs $(PROTOS) \
&& $(PROTOC)/bin/python -m grpc_tools.protoc -I protos -I $(GOOGLEAPIS) \
	--plugin=protoc-gen-mypy_grpc=$(PROTOC)/bin/protoc-gen-mypy_grpc \
	--grpc_python_out=$(BUILD)/stubs --mypy_grpc_out=quiet:$(BUILD)/stubs $(SERVICES) \
|| $(call mend,correct the .proto file and line that protoc names)
endef

# --- now and then -----------------------------------------------------------

.PHONY: lock
lock: $(UPKEEP)/.stamp ## renew the lock files (UPGRADE=--upgrade takes new versions)
	@$(foreach lock,$(LOCKS),$(call compile,$(lock)) &&) true

# $(call compile,lock file without suffix). What `make run` installs and what
# the tests run on are the same versions.
compile = echo "locking $(1).txt" && $(UPKEEP)/bin/uv pip compile --quiet $(UPGRADE) \
	--universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links \
	--no-emit-package llmrpc --no-emit-package llmrpc-server \
	$(if $(filter tests/%,$(1)),-c server/requirements.txt -c server/build-requirements.txt) \
	$(1).in -o $(1).txt || $(call mend,relax the requirement that uv names)

.PHONY: lock-node
lock-node: $(VENV)/.dev ## renew the lock files of the Node packages
	@$(foreach package,tests clients/typescript,PATH="$(CURDIR)/$(VENV)/bin:$$PATH" \
		npm install --prefix $(package) --package-lock-only --omit-lockfile-registry-resolved $(NPM_QUIET) \
		|| $(call mend,relax the version in $(package)/package.json);)

# Apart from `make check`, since it asks a vulnerability service on the network;
# --strict, since a service that is silent finds nothing wrong.
.PHONY: audit
audit: $(UPKEEP)/.stamp ## ask the package index for known vulnerabilities in the locks
	@$(UPKEEP)/bin/pip-audit --strict --disable-pip --require-hashes $(LOCKS:%=-r %.txt) \
		|| $(call mend,make lock UPGRADE='--upgrade-package NAME')

.PHONY: image
image: ## build the container image (ENGINE=podman or buildah for another than docker)
	@$(ENGINE) build $(if $(filter buildah podman,$(ENGINE)),--format docker) --tag llmrpc-server $(ARGS) . \
		|| $(call mend,read the step that failed; make image-lint checks the Dockerfile itself)

.PHONY: image-check
image-check: ## as root on Debian: build the image without Docker and call the server inside
	@deploy/check-image.sh $(ARGS)

# --- environments, made once and again when their lock changes ---------------

# $(call venv,folder): a new, empty environment of $(PYTHON).
define venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| $(call mend,install Python 3.11 or newer and name it: make PYTHON=python3.12)
	@$(PYTHON) -m venv --clear $(1) \
		|| $(call mend,install venv for $(PYTHON) (Debian and Ubuntu: apt install python3-venv))
endef

# $(call install,environment,lock file): exactly the locked packages.
define install
	@echo "installing $(2) (the first time takes about a minute)"
	@$(1)/bin/python -m pip install --quiet --require-hashes -r $(2) \
		|| $(call mend,check the network and the package index; where only a hash differs: make lock)
endef

# $(call editable): both packages, run from their sources.
define editable
	@$(VENV)/bin/python -m pip install --quiet --no-deps --no-index --no-build-isolation \
		-e ./clients/python -e ./server
endef

$(VENV)/.venv:
	$(call venv,$(VENV))
	@touch $@

$(VENV)/.runtime: server/requirements.txt server/build-requirements.txt $(PYPROJECTS) | $(VENV)/.venv
	$(call install,$(VENV),server/requirements.txt)
	$(call install,$(VENV),server/build-requirements.txt)
	$(editable)
	@touch $@

# It holds the run-time lock too, so it stands for both.
$(VENV)/.dev: tests/requirements.txt $(PYPROJECTS) | $(VENV)/.venv
	$(call install,$(VENV),tests/requirements.txt)
	$(editable)
	@touch $(VENV)/.runtime $@

$(CLEAN)/.stamp: server/requirements.txt
	$(call venv,$(CLEAN))
	$(call install,$(CLEAN),server/requirements.txt)
	@touch $@

$(PROTOC)/.stamp: protos/requirements.txt
	$(call venv,$(PROTOC))
	$(call install,$(PROTOC),protos/requirements.txt)
	@touch $@

$(UPKEEP)/.stamp: .ci/requirements.txt
	$(call venv,$(UPKEEP))
	$(call install,$(UPKEEP),.ci/requirements.txt)
	@touch $@

# google/rpc comes out of an installed package: nothing of it is kept here.
$(GOOGLEAPIS)/.stamp: $(PROTOC)/.stamp
	@rm -rf $(GOOGLEAPIS) && mkdir -p $(GOOGLEAPIS)/google/rpc
	@cp $(PROTOC)/lib/python*/site-packages/google/rpc/status.proto \
		$(PROTOC)/lib/python*/site-packages/google/rpc/error_details.proto $(GOOGLEAPIS)/google/rpc/
	@touch $@

# Node itself comes from the Python environment.
tests/node_modules/.stamp: tests/package-lock.json $(VENV)/.dev
	@echo "installing tests/package-lock.json"
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --prefix tests $(NPM_QUIET) \
		|| $(call mend,check the network and the npm registry)
	@touch $@

# --- the other languages, and the tools that the tests run --------------------

include clients/go/rules.mk clients/java/rules.mk clients/typescript/rules.mk
include tests/conformance/rules.mk tests/languages/rules.mk tests/tools/rules.mk deploy/rules.mk
