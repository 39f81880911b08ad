# One suite for the clients of every language.

.PHONY: conformance
conformance: ## run every scenario in every language and print the table
