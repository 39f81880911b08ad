// Each file in a process of its own; what a test waits for comes far sooner than the limit.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    maxWorkers: "100%", // most of their time the tests wait
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
