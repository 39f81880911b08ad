// A real gateway, as a process of its own: `llmrpc-server` on echo.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export const VENV = join(ROOT, ".venv");

export interface Running {
  address: string;
  stop(): Promise<void>;
}

/** Starts it and waits for its banner, which says where it listens. */
export async function startGateway(): Promise<Running> {
  const server = spawn(
    join(VENV, "bin/llmrpc-server"),
    ["--address", "127.0.0.1:0", "--log-level", "error"],
    {
      env: { PATH: process.env["PATH"], PYTHONUNBUFFERED: "1", LLMRPC_HTTP_ADDRESS: "127.0.0.1:0" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  let banner = "";
  server.stdout.setEncoding("utf8");
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    banner += String(chunk);
    const address = /gRPC\s+(\S+)/.exec(banner)?.[1];
    if (address !== undefined && banner.includes("Try it")) {
      server.stdout.resume();
      return { address, stop: () => stop(server) };
    }
  }
  throw new Error(`llmrpc-server ended: ${banner}`);
}

async function stop(server: ChildProcess): Promise<void> {
  const ended = once(server, "exit");
  server.kill("SIGKILL");
  await ended;
}
