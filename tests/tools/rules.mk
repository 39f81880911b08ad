# Programs in Go that the checks and tests run, each installed into the build's own
# folder at a pinned version; Go's checksum database vouches for what is fetched.

TOOLS := $(BUILD)/tools

GRPCURL := github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
HEALTH_PROBE := github.com/grpc-ecosystem/grpc-health-probe@v0.4.62
GHZ := github.com/bojand/ghz/cmd/ghz@v0.93.0
INTEROP_CLIENT := google.golang.org/grpc/interop/client@v1.85.0
KUSTOMIZE := sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PROTOC_GEN_GO := google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
PROTOC_GEN_GO_GRPC := google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2

# $(call tool,file,package@version): a rule that installs it as that file. The version
# is in the stamp's name, so that another one is installed when it changes.
define tool
$(TOOLS)/$(1)-$(lastword $(subst @, ,$(2))).stamp:
	@echo "installing $(2)"
	@rm -rf $(TOOLS)/new-$(1) && mkdir -p $(TOOLS)
	@GOBIN=$(CURDIR)/$(TOOLS)/new-$(1) go install $(2) \
		|| $$(call mend,check the network and the Go module proxy)
	@mv -f $(TOOLS)/new-$(1)/* $(TOOLS)/$(1) && rm -rf $(TOOLS)/new-$(1) $(TOOLS)/$(1)-*.stamp
	@touch $$@

.PHONY: tool-$(1)
tool-$(1): $(TOOLS)/$(1)-$(lastword $(subst @, ,$(2))).stamp
endef

$(eval $(call tool,grpcurl,$(GRPCURL)))
$(eval $(call tool,grpc_health_probe,$(HEALTH_PROBE)))
$(eval $(call tool,ghz,$(GHZ)))
$(eval $(call tool,interop_client,$(INTEROP_CLIENT)))
$(eval $(call tool,kustomize,$(KUSTOMIZE)))
$(eval $(call tool,staticcheck,$(STATICCHECK)))
$(eval $(call tool,protoc-gen-go,$(PROTOC_GEN_GO)))
$(eval $(call tool,protoc-gen-go-grpc,$(PROTOC_GEN_GO_GRPC)))

KEEPALIVE := tests/tools/keepalive

# Our own program, so vetted before it is built.
$(TOOLS)/keepalive: $(KEEPALIVE)/main.go $(KEEPALIVE)/go.mod $(KEEPALIVE)/go.sum
	@mkdir -p $(TOOLS)
	@cd $(KEEPALIVE) && go vet ./... && go build -o $(CURDIR)/$@ . \
		|| $(call mend,correct what Go names in $(KEEPALIVE); go mod tidy for its modules)

.PHONY: tools
tools: tool-grpcurl tool-grpc_health_probe tool-ghz tool-interop_client tool-kustomize $(TOOLS)/keepalive ## what the tests run, by Go
