# The checks of what runs the gateway elsewhere.

.PHONY: check-deploy
check-deploy: ## Kubernetes manifests against Kubernetes' own schemas
