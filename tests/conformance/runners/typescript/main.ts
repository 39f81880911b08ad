// The runner of the suite in TypeScript: scenarios in, what the client saw out.

import { readFileSync } from "node:fs";

import { runScenario, type Scenario } from "./scenario.ts";
import { runVector, type Vector } from "./vectors.ts";

function read(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}

const words = process.argv.slice(2);
const vectors = words[0] === "--vectors";
for (const file of vectors ? words.slice(1) : words) {
  const seen = vectors
    ? runVector(read(file) as Vector)
    : await runScenario(read(file) as Scenario);
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}
