// Every program of the README, and each example, has right types and runs as it stands.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { afterAll, beforeAll, expect, test } from "vitest";

import { type Running, startGateway } from "./running.js";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(HERE, "README.md"), "utf8");
const PROGRAMS = [...README.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, program]) => program ?? "");
const TSC = join(HERE, "node_modules/.bin/tsc");
const run = promisify(execFile);
let gateway: Running;
let folder: string;

beforeAll(async () => {
  gateway = await startGateway();
  folder = mkdtempSync(join(tmpdir(), "llmrpc-readme-"));
  mkdirSync(join(folder, "node_modules/@llmrpc"), { recursive: true });
  symlinkSync(HERE, join(folder, "node_modules/@llmrpc/client"));
  symlinkSync(join(HERE, "node_modules/@types"), join(folder, "node_modules/@types"));
  for (const [place, program] of PROGRAMS.entries()) {
    const here = program.replaceAll("localhost:50051", gateway.address);
    writeFileSync(join(folder, `${place}.mts`), here);
  }
  const chat = readFileSync(join(HERE, "examples/chat.ts"), "utf8");
  writeFileSync(join(folder, "chat.mts"), chat);
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
  const settings = ["--target", "es2022", "--module", "nodenext", "--types", "node"];
  const files = [...PROGRAMS.keys(), "chat"].map((name) => join(folder, `${name}.mts`));
  await run(TSC, [...strict, ...settings, "--skipLibCheck", ...files], { cwd: folder });
});

afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

test.each([...PROGRAMS.keys()])("program %i", async (place) => {
  const { stdout } = await run(process.execPath, [`${place}.mjs`], { cwd: folder });
  expect(stdout).toMatch(/answer|tokens/);
});

test("the page has them", () => {
  expect(PROGRAMS.length).toBeGreaterThanOrEqual(9);
});

test("the example keeps a conversation", async () => {
  const env = { ...process.env, LLMRPC_ADDRESS: gateway.address };
  const talk = run(process.execPath, ["chat.mjs"], { cwd: folder, env });
  talk.child.stdin?.end("Hello there\nAnd again\n");
  const { stdout, stderr } = await talk;
  expect(stdout).toBe("Hello there\nAnd again\n");
  expect(stderr).toMatch(/^echo: \d+ tokens, \$0\.000000\necho: \d+ tokens/);
});
