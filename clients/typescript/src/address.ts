// How a gateway is named: an address, its default port, and whether it is this machine.

import { isIP } from "node:net";

export const DEFAULT_ADDRESS = "localhost:50051";
const DEFAULT_PORT = 50051;

/** What gRPC resolves itself. */
const SCHEMES = ["dns", "ipv4", "ipv6", "unix"];

function schemeOf(address: string): string {
  const scheme = /^([a-z0-9]+):/.exec(address)?.[1] ?? "";
  return SCHEMES.includes(scheme) ? scheme : "";
}

/**
 * The address with our port where it has none: `host` becomes `host:50051`. One with a
 * scheme of gRPC stays as it is; a `TypeError` for a URL.
 */
export function withPort(address: string): string {
  if (address === "") return DEFAULT_ADDRESS;
  if (schemeOf(address) !== "") return address;
  if (address.includes("/")) {
    const host = address
      .replace(/^.*:\/\//, "")
      .replace(/\/.*$/, "")
      .replace(/^.*@/, "");
    const tls = address.startsWith("https:") ? "; TLS has its own option" : "";
    throw new TypeError(
      `the address is a URL; give host:port alone, such as ${withPort(host)}${tls}`,
    );
  }
  if (isIP(address) === 6) return `[${address}]:${DEFAULT_PORT}`;
  return /:\d+$/.test(address) ? address : `${address}:${DEFAULT_PORT}`;
}

/** Whether the address is this machine for sure: no name but `localhost` is. */
export function isLoopback(address: string): boolean {
  const scheme = schemeOf(address);
  if (scheme === "unix") return true;
  const rest = scheme === "" ? address : address.slice(scheme.length + 1).replace(/^.*\//, "");
  const host = isIP(rest) === 6 ? rest : rest.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
