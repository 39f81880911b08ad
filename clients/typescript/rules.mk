# The TypeScript client: its checks and its tests. Node comes from the Python
# environment, so it is never left out.

.PHONY: check-typescript
check-typescript: ## types, lint, format and fresh stubs of the TypeScript client

.PHONY: test-typescript
test-typescript: ## the tests of the TypeScript client
