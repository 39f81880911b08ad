// Every program of the README, and each example, has right types and runs as it stands.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { MessageInitShape } from "@bufbuild/protobuf";
import { ServerCredentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";

import {
  FinishReason,
  Modality,
  type Part,
  type PartSchema,
  Role,
  image,
  providerBlock,
} from "../src/index.js";
import { makeCertificates } from "./certificates.js";
import { Gateway, type ResponseInit, called, response } from "./gateway.js";
import { type Running, startGateway } from "./running.js";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(HERE, "README.md"), "utf8");
const PROGRAMS = [...README.matchAll(/^```ts\n([^]*?)^```/gm)].map(([, program]) => program ?? "");
const TSC = join(HERE, "node_modules/.bin/tsc");
const run = promisify(execFile);
const scripted = new Gateway();
const locked = new Gateway();
let echo: Running;
let folder: string;

const message = (part: MessageInitShape<typeof PartSchema>) => ({
  role: Role.ASSISTANT,
  parts: [part],
});

/** What a model answers before its last answer, by a word of the program that shows it. */
const SCRIPTS: Record<string, ResponseInit> = {
  toolCalls: called("weather", "{}"),
  outputModalities: { message: message(image(new Uint8Array([1, 2, 3]), "image/png")) },
  annotations: {
    message: message({
      kind: { case: "text", value: "🌕 is an answer away." },
      annotations: [
        { title: "Moon", url: "https://example.com/moon", startIndex: 2, endIndex: 14 },
        { title: "Sky", url: "https://example.com/sky" },
      ],
    }),
    usage: { toolUses: { web_search_requests: 1 } },
  },
  ACTION_REQUIRED: {
    message: message(providerBlock("openai", "mcp_approval_request", '{"id":"mcpr_1"}', "mcpr_1")),
    finishReason: FinishReason.ACTION_REQUIRED,
  },
};

/** The program with its gateway: on echo, with a model behind it that can do more, or by mTLS. */
function placed(program: string): string {
  const open = /"(openai|anthropic|google)\//.test(program) ? scripted.address : echo.address;
  return program
    .replaceAll("localhost:50051", open)
    .replaceAll("gateway.example:50051", locked.address);
}

beforeAll(async () => {
  echo = await startGateway();
  folder = mkdtempSync(join(tmpdir(), "llmrpc-readme-"));
  const { ca, cert, key } = makeCertificates();
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };
  await locked.start(ServerCredentials.createSsl(Buffer.from(ca), [pair], true));
  locked.answers = [response("An answer.")];
  await scripted.start();
  const files = { "ca.pem": ca, "me.pem": cert, "me.key": key };
  for (const [name, held] of Object.entries(files)) writeFileSync(join(folder, name), held);

  mkdirSync(join(folder, "node_modules/@llmrpc"), { recursive: true });
  symlinkSync(HERE, join(folder, "node_modules/@llmrpc/client"));
  symlinkSync(join(HERE, "node_modules/@types"), join(folder, "node_modules/@types"));
  for (const [place, program] of PROGRAMS.entries()) {
    writeFileSync(join(folder, `${place}.mts`), placed(program));
  }
  const chat = readFileSync(join(HERE, "examples/chat.ts"), "utf8");
  writeFileSync(join(folder, "chat.mts"), chat);
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
  const settings = ["--target", "es2022", "--module", "nodenext", "--types", "node"];
  settings.push("--skipDefaultLibCheck"); // of all declarations TypeScript's own alone are passed by
  const programs = [...PROGRAMS.keys(), "chat"].map((name) => join(folder, `${name}.mts`));
  await run(TSC, [...strict, ...settings, ...programs], { cwd: folder });
});

afterAll(async () => {
  scripted.close();
  locked.close();
  await echo.stop();
  rmSync(folder, { recursive: true });
});

test.each([...PROGRAMS.keys()])("program %i", async (place) => {
  const shown = Object.entries(SCRIPTS).flatMap(([word, first]) =>
    PROGRAMS[place]?.includes(word) ? [first] : [],
  );
  scripted.answers = [...shown, response("An answer.")];
  const env = { ...process.env, LLMRPC_TOKEN: "secret" };
  const { stdout } = await run(process.execPath, [`${place}.mjs`], { cwd: folder, env });
  expect(stdout).toMatch(/answer|tokens/);
});

/** Runs the program that has this word, alone. */
async function shownBy(word: string): Promise<string> {
  const place = PROGRAMS.findIndex((program) => program.includes(word));
  scripted.requests = [];
  scripted.answers = [SCRIPTS[word] ?? response(""), response("An answer.")];
  return (await run(process.execPath, [`${place}.mjs`], { cwd: folder })).stdout;
}

test("a tool's call, an image and citations come from the answer", async () => {
  expect(await shownBy("toolCalls")).toBe("calling weather {}\nAn answer.\n");
  expect(await shownBy("outputModalities")).toBe("answer.png is image/png\n");
  expect([...readFileSync(join(folder, "answer.png"))]).toEqual([1, 2, 3]);
  expect(scripted.requests[0]?.outputModalities).toEqual([Modality.TEXT, Modality.IMAGE]);
  expect((await shownBy("annotations")).split("\n").slice(1, 3)).toEqual([
    " is an answer: Moon (https://example.com/moon)",
    " 🌕 is an answer away.: Sky (https://example.com/sky)",
  ]);
  expect(scripted.requests[0]?.toolChoice?.allowedNames).toEqual(["search", "calculate"]);
});

test("an approval goes back in a message of the tool", async () => {
  expect(await shownBy("ACTION_REQUIRED")).toBe('approving {"id":"mcpr_1"}\nAn answer.\n');
  const [, asked, answered] = scripted.requests[1]?.messages ?? [];
  expect(asked?.parts[0]?.kind.value).toMatchObject({ id: "mcpr_1" });
  expect(answered?.role).toBe(Role.TOOL);
  const [{ kind }] = answered?.parts as [Part];
  if (kind.case !== "providerBlock") throw new Error("no block");
  expect(JSON.parse(kind.value.data)).toEqual({
    type: "mcp_approval_response",
    approval_request_id: "mcpr_1",
    approve: true,
  });
});

test("the page has them, and it starts with installing and ends with errors", () => {
  expect(PROGRAMS.length).toBeGreaterThanOrEqual(15);
  const [first, ...titles] = README.matchAll(/^(?:## (.*)|npm install .*)$/gm);
  expect(first?.[0]).toBe("npm install @llmrpc/client");
  expect(titles.at(-1)?.[1]).toBe("Errors");
});

test("what says that it is plain JavaScript is", async () => {
  for (const place of [0, 1, 2]) {
    writeFileSync(join(folder, `plain-${place}.mjs`), placed(PROGRAMS[place] ?? ""));
    const { stdout } = await run(process.execPath, [`plain-${place}.mjs`], { cwd: folder });
    expect(stdout).toContain("answer");
  }
});

test("the example keeps a conversation", async () => {
  const env = { ...process.env, LLMRPC_ADDRESS: echo.address };
  const talk = run(process.execPath, ["chat.mjs"], { cwd: folder, env });
  talk.child.stdin?.end("Hello there\nAnd again\n");
  const { stdout, stderr } = await talk;
  expect(stdout).toBe("Hello there\nAnd again\n");
  expect(stderr).toMatch(/^echo: \d+ tokens, \$0\.000000\necho: \d+ tokens/);
});
