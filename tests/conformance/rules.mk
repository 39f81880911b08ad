# One suite for the clients of every language.

# gRPC would tell of every handshake that is meant to fail.
.PHONY: conformance
conformance: $(VENV)/.dev ## run every scenario in every language and print the table
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" GRPC_VERBOSITY=NONE $(VENV)/bin/python -m tests.conformance $(ARGS)

.PHONY: conformance-runner-python
conformance-runner-python: $(BUILD)/conformance/python

$(BUILD)/conformance/python: $(VENV)/.dev tests/conformance/rules.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec "%s" "%s" "$$@"\n' '$(CURDIR)/$(VENV)/bin/python' \
		'$(CURDIR)/tests/conformance/runners/python/runner.py' > $@
	@chmod +x $@
