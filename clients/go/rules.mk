# The Go client: its checks and its tests.

GO_NEEDED := Go 1.25 or newer

.PHONY: check-go
check-go: ## vet, staticcheck, format and fresh stubs of the Go client
	@$(call have,go,the Go client,$(GO_NEEDED))

.PHONY: test-go
test-go: ## the tests of the Go client
	@$(call have,go,the Go client,$(GO_NEEDED))
