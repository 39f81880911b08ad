# Everything a contributor or CI runs. A fresh machine needs Python 3.11+ and
# make; all else (buf, Node, the linters) comes as hash-locked Python packages.

PYTHON ?= python3
# Extra words for the program a target starts: make test ARGS="-k health".
ARGS ?=

VENV := .venv
BUILD := .build
PROTOC := $(BUILD)/protoc
GOOGLEAPIS := $(BUILD)/googleapis
STUBS := clients/python/src/llmrpc/v1
BASELINE := protos/baseline.binpb
PROTOS = $(wildcard protos/llmrpc/v1/*.proto)
SERVICES = $(wildcard protos/llmrpc/v1/*_service.proto)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# $(call mend,what to do): a failing step ends with the way out of it.
mend = { printf '\nTo mend: %s\n' "$(1)" >&2; exit 1; }

# $(call venv,folder): a new, empty environment of $(PYTHON).
define venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| $(call mend,install Python 3.11 or newer and name it: make PYTHON=python3.12)
	@$(PYTHON) -m venv --clear $(1) \
		|| $(call mend,install Python's venv module (Debian and Ubuntu: apt install python3-venv))
endef

# $(call install,environment,lock file): exactly the locked packages.
define install
	@echo "installing $(2)"
	@$(1)/bin/python -m pip install --quiet --require-hashes -r $(2) \
		|| $(call mend,check the network and the package index; if only a hash differs: make lock)
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the contract -----------------------------------------------------------

.PHONY: generate
generate: $(GOOGLEAPIS)/.stamp ## write the Python stubs from protos/
	@$(call fresh_stubs)
	@mkdir -p $(STUBS) && rm -f $(STUBS)/*_pb2.py* $(STUBS)/*_pb2_grpc.py*
	@cp $(BUILD)/stubs/llmrpc/v1/* $(STUBS)

.PHONY: lint-proto
lint-proto: $(GOOGLEAPIS)/.stamp ## buf: style, layout and compatibility of the contract
	@$(PROTOC)/bin/buf lint \
		|| $(call mend,follow the rule that buf names; the exceptions and why stand in buf.yaml)
	@$(PROTOC)/bin/buf format protos --diff --exit-code \
		|| $(call mend,make format)
	@$(PROTOC)/bin/buf breaking protos --against $(BASELINE) \
		|| $(call mend,keep old fields and add new ones; make baseline only when a release may break)

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

$(PROTOC)/.stamp: protos/requirements.txt
	$(call venv,$(PROTOC))
	$(call install,$(PROTOC),protos/requirements.txt)
	@touch $@

# google/rpc comes out of an installed package: nothing of it is kept here.
$(GOOGLEAPIS)/.stamp: $(PROTOC)/.stamp
	@rm -rf $(GOOGLEAPIS) && mkdir -p $(GOOGLEAPIS)/google/rpc
	@cp $(PROTOC)/lib/python*/site-packages/google/rpc/status.proto \
		$(PROTOC)/lib/python*/site-packages/google/rpc/error_details.proto $(GOOGLEAPIS)/google/rpc/
	@touch $@
