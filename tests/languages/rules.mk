# The clients' tests again and again: none may fail by luck. `make -j2` runs two clients
# beside each other, and other work beside them finds more.

COUNT ?= 50
FLAKY := $(BUILD)/flaky

# $(call again,name,command): COUNT times; what a run that failed printed stays in a file.
again = mkdir -p $(FLAKY) && rm -f $(FLAKY)/$(1)-*.txt; failed=0; \
	for run in $$(seq $(COUNT)); do \
		said=$(CURDIR)/$(FLAKY)/$(1)-$$run.txt; \
		if ($(2)) >"$$said" 2>&1 </dev/null; then rm "$$said"; \
		else failed=$$((failed + 1)); echo "$(1): run $$run failed: $$said"; fi; \
	done; \
	echo "$(1): $$failed of $(COUNT) runs failed"; test $$failed = 0 \
	|| $(call mend,let the test wait for what it needs; never longer)

.PHONY: flaky-clients
flaky-clients: flaky-go flaky-java flaky-typescript flaky-conformance ## the clients' tests and the conformance suite, COUNT=50 times

.PHONY: flaky-go
flaky-go: $(if $(HAVE_GO),$(VENV)/.dev)
	@$(call have,go,the Go client,$(GO_NEEDED)); mkdir -p $(FLAKY) && $(in_go) go test -race -c -o $(CURDIR)/$(FLAKY)/go.test .
	@$(call have,go,the Go client,$(GO_NEEDED)); $(call again,go,$(in_go) $(CURDIR)/$(FLAKY)/go.test)

.PHONY: flaky-java
flaky-java: $(if $(HAVE_MAVEN),$(JAVA_BUILT) $(VENV)/.dev)
	@$(call have,mvn,the Java client,$(JAVA_NEEDED)); $(call again,java,$(MAVEN) surefire:test)

.PHONY: flaky-typescript
flaky-typescript: build-typescript $(VENV)/.dev
	@$(call again,typescript,$(call in_typescript,vitest run --reporter=dot))

.PHONY: flaky-conformance
flaky-conformance: $(VENV)/.dev
	@$(call again,conformance,PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/python -m pytest -q tests/conformance)
