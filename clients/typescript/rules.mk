# The TypeScript client: its checks and its tests. Node comes from the Python
# environment, so it is never left out.

TYPESCRIPT := clients/typescript
TYPESCRIPT_STUBS := $(TYPESCRIPT)/src/gen
TYPESCRIPT_MODULES := $(TYPESCRIPT)/node_modules/.stamp
TYPESCRIPT_BUILT := $(BUILD)/typescript.stamp
TYPESCRIPT_SOURCES = $(shell find $(TYPESCRIPT)/src -name '*.ts') \
	$(TYPESCRIPT)/package.json $(TYPESCRIPT)/tsconfig.json $(TYPESCRIPT)/tsconfig.build.json
TYPESCRIPT_RUNNER := tests/conformance/runners/typescript

# $(call in_typescript,command): run it in the client's folder, with its own programs first.
in_typescript = cd $(TYPESCRIPT) && PATH="$(CURDIR)/$(TYPESCRIPT)/node_modules/.bin:$(CURDIR)/$(VENV)/bin:$$PATH" $(1)

.PHONY: check-typescript
check-typescript: $(BUILD)/conformance/typescript $(GOOGLEAPIS)/.stamp ## types, lint, format, fresh stubs and package of the TypeScript client
	@$(fresh_typescript)
	@diff -r $(TYPESCRIPT_STUBS) $(BUILD)/stubs-typescript \
		|| $(call mend,make generate-typescript and commit what it writes)
	@$(call in_typescript,tsc) || $(call mend,correct the types at the lines that tsc names)
	@$(call in_typescript,eslint --max-warnings 0 .) \
		|| $(call mend,follow the rule that eslint names; make format-typescript mends some)
	@$(call in_typescript,prettier --log-level warn --check . $(CURDIR)/$(TYPESCRIPT_RUNNER)) || $(call mend,make format-typescript)
	@$(call in_typescript,node scripts/check-package.js) \
		|| $(call mend,correct files or exports in $(TYPESCRIPT)/package.json)

.PHONY: build-typescript
build-typescript: $(TYPESCRIPT_BUILT) ## compile the TypeScript client

.PHONY: test-typescript
test-typescript: build-typescript $(VENV)/.dev ## the tests of the TypeScript client
	@$(call in_typescript,vitest run --reporter=dot $(ARGS))

.PHONY: format-typescript
format-typescript: $(TYPESCRIPT_MODULES) ## put the TypeScript client into its form
	@-$(call in_typescript,eslint --fix .)
	@$(call in_typescript,prettier --log-level warn --write . $(CURDIR)/$(TYPESCRIPT_RUNNER))

.PHONY: generate-typescript
generate-typescript: $(TYPESCRIPT_MODULES) $(GOOGLEAPIS)/.stamp ## write the TypeScript stubs from protos/
	@$(fresh_typescript)
	@rm -rf $(TYPESCRIPT_STUBS) && cp -R $(BUILD)/stubs-typescript $(TYPESCRIPT_STUBS)

# Every stub, made anew in $(BUILD)/stubs-typescript; google.rpc has no package of its own
# that goes with these, so it is generated along.
define fresh_typescript
rm -rf $(BUILD)/stubs-typescript && mkdir -p $(BUILD)/stubs-typescript \
&& PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PROTOC)/bin/python -m grpc_tools.protoc -I protos -I $(GOOGLEAPIS) \
	--plugin=protoc-gen-es=$(TYPESCRIPT)/node_modules/.bin/protoc-gen-es \
	--es_out=$(BUILD)/stubs-typescript --es_opt=target=ts,import_extension=js \
	$(PROTOS) google/rpc/status.proto google/rpc/error_details.proto \
|| $(call mend,correct the .proto file and line that protoc names)
endef

.PHONY: conformance-runner-typescript
conformance-runner-typescript: $(BUILD)/conformance/typescript

# Node strips the types itself; the client is found as a package, as anywhere else.
$(BUILD)/conformance/typescript: $(TYPESCRIPT_BUILT) $(TYPESCRIPT_MODULES) $(TYPESCRIPT)/rules.mk
	@rm -rf $(TYPESCRIPT_RUNNER)/node_modules && mkdir -p $(@D) $(TYPESCRIPT_RUNNER)/node_modules/@llmrpc
	@ln -s $(CURDIR)/$(TYPESCRIPT) $(TYPESCRIPT_RUNNER)/node_modules/@llmrpc/client
	@ln -s $(CURDIR)/$(TYPESCRIPT)/node_modules/@bufbuild $(TYPESCRIPT_RUNNER)/node_modules/@bufbuild
	@printf '#!/bin/sh\nexec "%s" --disable-warning=ExperimentalWarning "%s" "$$@"\n' \
		"$(CURDIR)/$(VENV)/bin/node" "$(CURDIR)/$(TYPESCRIPT_RUNNER)/main.ts" > $@ && chmod +x $@

$(TYPESCRIPT_BUILT): $(TYPESCRIPT_MODULES) $(TYPESCRIPT_SOURCES)
	@mkdir -p $(@D)
	@$(call in_typescript,npm run --silent build) \
		|| $(call mend,correct the types at the lines that tsc names)
	@touch $@

$(TYPESCRIPT_MODULES): $(TYPESCRIPT)/package-lock.json $(VENV)/.dev
	@echo "installing $<"
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci --prefix $(TYPESCRIPT) $(NPM_QUIET) \
		|| $(call mend,check the network and the npm registry)
	@touch $@
