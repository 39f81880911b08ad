// How a gateway is reached: addresses, TLS, the token, and what stands there instead.

import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcp } from "node:net";

import { ServerCredentials } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";

import { isLoopback, withPort } from "../src/address.js";
import { GatewayClient, type GatewayClientOptions, user } from "../src/index.js";
import { makeCertificates } from "./certificates.js";
import { Gateway, response } from "./gateway.js";

const REQUEST = { messages: [user("Hello")] };
const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function failing(address: string, options: GatewayClientOptions = {}): Promise<unknown> {
  const client = new GatewayClient(address, options);
  ends.push(() => {
    client.close();
  });
  return client.generate(REQUEST).then(
    () => "an answer",
    (error: unknown) => error,
  );
}

test.each([
  ["", "localhost:50051"],
  ["host", "host:50051"],
  ["host:1", "host:1"],
  ["::1", "[::1]:50051"],
  ["[::1]", "[::1]:50051"],
  ["[::1]:7", "[::1]:7"],
  ["dns:///host", "dns:///host"],
  ["unix:/run/llmrpc", "unix:/run/llmrpc"],
])("the address %j", (given, address) => {
  expect(withPort(given)).toBe(address);
});

test.each([
  ["http://gateway.example", "such as gateway.example:50051"],
  ["https://me@gateway.example:443/v1", "such as gateway.example:443; TLS has its own option"],
])("a URL is refused with advice: %s", (url, advice) => {
  expect(() => new GatewayClient(url)).toThrow(advice);
});

test.each([
  ["localhost:1", true],
  ["127.0.0.1:1", true],
  ["127.9.9.9:1", true],
  ["[::1]:1", true],
  ["dns:///localhost:1", true],
  ["ipv4:127.0.0.1:1", true],
  ["unix:/run/x", true],
  ["127.evil.example:1", false],
  ["localhost.example:1", false],
  ["10.0.0.1:1", false],
  ["[2001:db8::1]:1", false],
])("loopback: %s %s", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});

test("a token never goes unencrypted to another machine, unless allowed", () => {
  const open = (options: GatewayClientOptions) => () => {
    new GatewayClient("gateway.example", { token: "secret", ...options }).close();
  };
  expect(open({})).toThrow("unencrypted");
  expect(open({ tls: false })).toThrow("unencrypted");
  expect(open({ tls: true })).not.toThrow();
  expect(open({ allowInsecureToken: true })).not.toThrow();
  expect(open({ token: "a\nb", tls: true })).toThrow("token: has characters");
});

test("TLS options that cannot be", () => {
  const { ca, cert } = makeCertificates();
  const open = (tls: object) => () => new GatewayClient("", { tls });
  expect(open({ ca, cert })).toThrow("cert and key");
  expect(open({ ca: "/etc/ca.pem" })).toThrow("tls.ca: is no PEM text");
});

test("TLS, mTLS, and what does not match", async () => {
  const { ca, cert, key } = makeCertificates();
  const pair = { cert_chain: Buffer.from(cert), private_key: Buffer.from(key) };

  for (const asks of [false, true]) {
    const gateway = await new Gateway().start(
      ServerCredentials.createSsl(Buffer.from(ca), [pair], asks),
    );
    gateway.answers = [response("Hi")];
    ends.push(() => {
      gateway.close();
    });
    const trusted = asks ? { ca, cert, key } : { ca };
    expect(await failing(gateway.address, { tls: trusted, token: "t" })).toBe("an answer");
    const told = { name: "ProviderNotAvailableError", metadata: { cause: "tls" } };
    expect(await failing(gateway.address, { tls: true })).toMatchObject(told);
    expect(await failing(gateway.address)).toMatchObject(told);
    if (asks) expect(await failing(gateway.address, { tls: { ca } })).toMatchObject(told);
    const other = gateway.address.replace("localhost", "127.0.0.1");
    const elsewhere = await failing(other, { tls: trusted });
    expect(elsewhere).toMatchObject(told);
    expect(String(elsewhere)).toContain("is for another name");
  }
});

test("nobody there, within seconds", async () => {
  const before = Date.now();
  const error = await failing("localhost:1");
  expect(error).toMatchObject({ code: "UNAVAILABLE", metadata: { cause: "nobody" } });
  expect(String(error)).toContain("no gateway answers at localhost:1; start one");
  expect(Date.now() - before).toBeLessThan(20_000);
  expect(String(await failing("no-such-host.invalid"))).toContain("nothing is known under that");
});

test("TLS to what speaks none, and gRPC to what speaks HTTP/1", async () => {
  const gateway = await new Gateway().start();
  ends.push(() => {
    gateway.close();
  });
  const plain = await failing(gateway.address, { tls: true });
  expect(plain).toMatchObject({ metadata: { cause: "tls" } });
  const web = createServer((_, answer) => answer.end("hello")).listen(0, "localhost");
  await new Promise((resolve) => web.once("listening", resolve));
  ends.push(() => web.close());
  const { port } = web.address() as AddressInfo;
  expect(await failing(`localhost:${port}`)).toMatchObject({ metadata: { cause: "protocol" } });
});

test("a peer that hangs up, and one that says nothing", async () => {
  const rude = createTcp((socket) => socket.destroy()).listen(0, "localhost");
  await new Promise((resolve) => rude.once("listening", resolve));
  ends.push(() => rude.close());
  const { port } = rude.address() as AddressInfo;
  const error = await failing(`localhost:${port}`);
  expect(error).toMatchObject({ name: "ProviderNotAvailableError" });
});

test("a message above the bound of this client", async () => {
  const gateway = await new Gateway().start();
  ends.push(() => {
    gateway.close();
  });
  gateway.answers = [response("x".repeat(2_000))];
  const receive = { channelOptions: { "grpc.max_receive_message_length": 1_000 } };
  const answer = await failing(gateway.address, receive);
  expect(answer).toMatchObject({ name: "InvalidRequestError" });
  expect(String(answer)).toMatch(/the answer has \d+ bytes; this client takes at most 1000/);
  const send = { channelOptions: { "grpc.max_send_message_length": 3 } };
  const request = await failing(gateway.address, send);
  expect(String(request)).toContain("the request has more than the 3 bytes");
});
