# The checks of what runs the gateway elsewhere.

MANIFESTS := $(BUILD)/manifests
TREES := base overlays/replicas overlays/tls
# The oldest and the newest Kubernetes that the manifests are held to.
KUBERNETES := 1.31 1.37

.PHONY: check-deploy
check-deploy: $(VENV)/.dev $(if $(HAVE_GO),manifests) ## Kubernetes manifests against Kubernetes' own schemas
	@$(call have,go,the Kubernetes manifests,$(GO_NEEDED)); \
	! $(VENV)/bin/kubernetes-validate --strict --quiet $(KUBERNETES:%=--kubernetes-version %) \
		$(foreach tree,$(TREES),$(MANIFESTS)/$(notdir $(tree)).yaml) 2>&1 | grep . \
		|| $(call mend,correct the field of deploy/kubernetes that the validator names)

# Each tree of deploy/kubernetes as one file.
.PHONY: manifests
manifests: tool-kustomize
	@rm -rf $(MANIFESTS) && mkdir -p $(MANIFESTS)
	@for tree in $(TREES); do \
		$(TOOLS)/kustomize build deploy/kubernetes/$$tree --output $(MANIFESTS)/$${tree##*/}.yaml \
			|| $(call mend,correct the file of deploy/kubernetes that kustomize names); done
