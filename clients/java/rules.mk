# The Java client: its checks, its tests, and its runner of the conformance suite.

JAVA_RUNNER := $(BUILD)/conformance/java
JAVA_RUNNER_CLASSES := $(BUILD)/conformance/java-classes
JAVA_BUILT := $(BUILD)/java.stamp
JAVA_SOURCES := $(shell find clients/java/pom.xml clients/java/.mvn clients/java/src clients/java/examples \
	tests/conformance/runners/java protos/llmrpc)
MAVEN := mvn --batch-mode --no-transfer-progress -Dorg.slf4j.simpleLogger.defaultLogLevel=warn --file clients/java

.PHONY: check-java
check-java: ## format and static checks of the Java client
	@$(call have,mvn,the Java client,$(JAVA_NEEDED)); \
		$(MAVEN) spotless:check test-compile \
		|| $(call mend,make format-java; what is left stands at the lines that javac names)

.PHONY: format-java
format-java: ## put Java into the house's form
	@$(call have,mvn,the Java client,$(JAVA_NEEDED)); $(MAVEN) spotless:apply

.PHONY: build-java
build-java: $(if $(HAVE_MAVEN),$(JAVA_BUILT)) ## compile and pack the Java client and all that is tested of it
	@$(call have,mvn,the Java client,$(JAVA_NEEDED))

# They start a gateway as a newcomer does.
.PHONY: test-java
test-java: $(if $(HAVE_MAVEN),$(JAVA_BUILT) $(VENV)/.dev) ## the tests of the Java client
	@$(call have,mvn,the Java client,$(JAVA_NEEDED)); $(MAVEN) surefire:test $(ARGS)

.PHONY: conformance-runner-java
conformance-runner-java: $(if $(HAVE_MAVEN),$(JAVA_RUNNER)) ## build the conformance runner of the Java client
	@$(call have,mvn,the Java client,$(JAVA_NEEDED))

# The classes are copied, so that a running suite does not mind the next build.
$(JAVA_RUNNER): $(JAVA_BUILT) clients/java/rules.mk
	@rm -rf $(JAVA_RUNNER_CLASSES) && mkdir -p $(JAVA_RUNNER_CLASSES)
	@cp -R clients/java/target/classes/. $(JAVA_RUNNER_CLASSES)
	@cp -R clients/java/target/test-classes/io/llmrpc/conformance $(JAVA_RUNNER_CLASSES)/io/llmrpc/
	@printf '#!/bin/sh\nexec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "%s:%s" io.llmrpc.conformance.Runner "$$@"\n' \
		"$(CURDIR)/$(JAVA_RUNNER_CLASSES)" "$$(cat $(JAVA_BUILT))" >$@
	@chmod +x $@

# Once for the tests and for the runner; the stamp holds the class path that both run on.
# Maven itself sees what changed, but not that a version or a file of the contract is gone.
$(JAVA_BUILT): $(JAVA_SOURCES)
	@mkdir -p $(@D) && rm -rf $(if $(filter %/pom.xml protos/%,$?),clients/java/target)
	@$(MAVEN) package -DskipTests dependency:build-classpath -Dmdep.outputFile=$(CURDIR)/$@.new \
		|| $(call mend,correct the line that javac names)
	@mv $@.new $@
