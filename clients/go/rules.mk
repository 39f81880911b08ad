# The Go client: its stubs, its checks and its tests, and its conformance runner.

GO_CLIENT := clients/go
GO_STUBS := $(GO_CLIENT)/llmrpcv1
GO_RUNNER := tests/conformance/runners/go
GO_RUNNER_SOURCES := $(shell find $(GO_CLIENT) $(GO_RUNNER) ! -name '*_test.go' ! -name '*.md' ! -name '*.mk')
GO_MODULE := github.com/llmrpc/llmrpc/clients/go

# $(call fresh_go_stubs,folder): the stubs, made anew in that folder.
define fresh_go_stubs
rm -rf $(1) && mkdir -p $(1) \
&& $(PROTOC)/bin/python -m grpc_tools.protoc -I protos -I $(GOOGLEAPIS) \
	--plugin=protoc-gen-go=$(TOOLS)/protoc-gen-go \
	--plugin=protoc-gen-go-grpc=$(TOOLS)/protoc-gen-go-grpc \
	--go_out=$(1) --go_opt=module=$(GO_MODULE)/llmrpcv1 \
	--go-grpc_out=$(1) --go-grpc_opt=module=$(GO_MODULE)/llmrpcv1 $(PROTOS) \
|| $(call mend,correct the .proto file and line that protoc names)
endef

GO_PROTOC := $(if $(HAVE_GO),$(GOOGLEAPIS)/.stamp tool-protoc-gen-go tool-protoc-gen-go-grpc)

.PHONY: generate-go
generate-go: $(GO_PROTOC) ## write the Go stubs from protos/
	@$(call have,go,the Go stubs,$(GO_NEEDED)); $(call fresh_go_stubs,$(GO_STUBS))

.PHONY: check-go
check-go: $(GO_PROTOC) $(if $(HAVE_GO),tool-staticcheck) ## vet, staticcheck, format and fresh stubs of the Go client
	@$(call have,go,the Go client,$(GO_NEEDED)); \
	$(call fresh_go_stubs,$(BUILD)/go-stubs); \
	diff -r $(GO_STUBS) $(BUILD)/go-stubs || $(call mend,make generate-go and commit what it writes); \
	$(foreach module,$(GO_CLIENT) $(GO_RUNNER),$(call check_go_module,$(module)) &&) true

# $(call check_go_module,folder)
define check_go_module
(cd $(1) \
&& { test -z "$$(gofmt -l .)" || { gofmt -d . && $(call mend,gofmt -w $(1)); }; } \
&& { go mod tidy -diff || $(call mend,cd $(1) && go mod tidy); } \
&& { go vet ./... || $(call mend,correct what go vet names); } \
&& { $(CURDIR)/$(TOOLS)/staticcheck ./... || $(call mend,correct what staticcheck names); } )
endef

.PHONY: build-go
build-go: ## compile the Go client
	@$(call have,go,the Go client,$(GO_NEEDED)); cd $(GO_CLIENT) && go build -race ./... \
	|| $(call mend,correct the line that the Go compiler names)

# Go keeps a result until what the tests have read is another: the gateway is such a thing.
GATEWAY_SOURCES = find clients/python/src server/src -type f ! -name '*.pyc'
in_go = cd $(GO_CLIENT) && LLMRPC_SERVER=$(CURDIR)/$(VENV)/bin/llmrpc-server \
	LLMRPC_SERVER_STATE="$$(cd $(CURDIR) && $(GATEWAY_SOURCES) | LC_ALL=C sort | xargs cat | cksum)"

.PHONY: test-go
test-go: $(if $(HAVE_GO),build-go $(VENV)/.dev) ## the tests of the Go client
	@$(call have,go,the Go client,$(GO_NEEDED)); $(in_go) go test -race $(ARGS) ./...

.PHONY: conformance-runner-go
conformance-runner-go: $(if $(HAVE_GO),$(BUILD)/conformance/go) ## build the conformance runner in Go
	@$(call have,go,the conformance runner in Go,$(GO_NEEDED))

# Moved into its place, so that a running suite does not mind.
$(BUILD)/conformance/go: $(GO_RUNNER_SOURCES)
	@mkdir -p $(@D) && cd $(GO_RUNNER) && go build -o $(CURDIR)/$@.new . && mv $(CURDIR)/$@.new $(CURDIR)/$@ \
	|| $(call mend,correct the line that the Go compiler names)
