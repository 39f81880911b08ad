// A certificate authority, and a certificate of its own for `localhost`, made for one run.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { VENV } from "./running.js";

export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

/** PEM texts; the certificate is good for a server and for a caller. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "llmrpc-certificates-"));
  try {
    const words = ["-m", "trustme", "--quiet", "--dir", folder, "--identities", "localhost"];
    execFileSync(join(VENV, "bin/python"), words);
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    return { ca: read("client.pem"), cert: read("server.pem"), key: read("server.key") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
