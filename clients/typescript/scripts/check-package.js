// The package as it would be published: made from a clone, with nothing in it that does
// not belong there, and working alone.

import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const ALLOWED = /^(package\.json|README\.md|dist\/.*\.(js|d\.ts))$/;
const NEEDED = ["dist/index.js", "dist/index.d.ts", "README.md", "package.json"];

const folder = mkdtempSync(join(tmpdir(), "llmrpc-package-"));
try {
  const run = (program, ...words) =>
    execFileSync(program, words, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", 2] });
  // A clone has nothing built: `npm pack` must do that itself.
  const clone = join(folder, "clone");
  const made = [join(ROOT, "dist"), join(ROOT, "node_modules")];
  cpSync(ROOT, clone, { recursive: true, filter: (path) => !made.includes(path) });
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
  const [packed] = JSON.parse(run("npm", "pack", clone, "--json", "--silent"));
  const names = packed.files.map((file) => file.path);
  const wrong = [
    ...names.filter((name) => !ALLOWED.test(name)).map((name) => `${name} is no part of it`),
    ...NEEDED.filter((name) => !names.includes(name)).map((name) => `${name} is missing`),
  ];
  if (wrong.length > 0) throw new Error(`the package: ${wrong.join("; ")}`);

  run(join(ROOT, "node_modules/.bin/publint"), "--strict", packed.filename);
  run(join(ROOT, "node_modules/.bin/attw"), packed.filename, "--profile", "esm-only", "--quiet");

  // Its dependencies as the lock has them, and none of those that it is developed with.
  const modules = join(folder, "node_modules");
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  for (const [path, one] of Object.entries(lock.packages)) {
    if (path !== "" && !one.dev) {
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
  }
  mkdirSync(join(modules, "@llmrpc"), { recursive: true });
  run("tar", "-xzf", packed.filename);
  cpSync(join(folder, "package"), join(modules, "@llmrpc/client"), { recursive: true });
  writeFileSync(
    join(folder, "main.mts"),
    'import { GatewayClient, user } from "@llmrpc/client";\n' +
      'const pieces: AsyncIterable<string> = new GatewayClient().text({ messages: [user("Hi")] });\n' +
      "console.log(typeof pieces);\n",
  );
  const flags = ["--strict", "--exactOptionalPropertyTypes", "--module", "nodenext"];
  const types = ["--target", "es2022", "--types", "node", "--typeRoots"];
  const own = join(ROOT, "node_modules/@types");
  run(join(ROOT, "node_modules/.bin/tsc"), ...flags, ...types, own, "main.mts");
  const said = run("node", "main.mjs").trim();
  if (said !== "object") throw new Error(`the program said ${said}`);
} finally {
  rmSync(folder, { recursive: true });
}
