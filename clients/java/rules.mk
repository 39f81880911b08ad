# The Java client: its checks and its tests.

JAVA_NEEDED := a JDK 17 or newer and Maven

.PHONY: check-java
check-java: ## format and static checks of the Java client
	@$(call have,mvn,the Java client,$(JAVA_NEEDED))

.PHONY: test-java
test-java: ## the tests of the Java client
	@$(call have,mvn,the Java client,$(JAVA_NEEDED))
