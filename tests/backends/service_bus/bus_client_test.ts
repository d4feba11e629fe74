import type { ServiceBusAdministrationClient } from "@azure/service-bus";
import net from "node:net";
import { once } from "node:events";
import type { BusAccess, Transport } from "../../../src/backends/service_bus/bus_access.ts";
import { adminClient, busClient } from "../../../src/backends/service_bus/bus_client.ts";
import { assert, assertBetween, assertEquals, assertRejects } from "../../support/assert.ts";
import { runScript } from "../../support/child.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { hasOpenssl, makeCertificate } from "../../support/service_bus_broker/certificate.ts";
import { receiveOne } from "../../support/service_bus_broker/testing.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { accessBy, newToken, signSas, withSas } from "./bus_login.ts";

const OPTIONS = { transport: "amqp", timeoutMs: 4_000 } as const;

/** What is left of a message that is sent and received. */
async function roundTrip(access: BusAccess): Promise<unknown> {
  const client = busClient(access, OPTIONS);
  try {
    await client.createSender("q").sendMessages({ body: "hello", messageId: "1" });
    const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
    const message = await receiveOne(receiver);
    await receiver.completeMessage(message);
    return message.body;
  } finally {
    await client.close();
  }
}

test("an emulator's connection string opens it, for messages and for queues", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const access = accessBy(broker.connectionString);
  assertEquals(await roundTrip(access), "hello");
  assertEquals((await adminClient(access).getQueue("q")).name, "q");
});

for (const path of ["", "/q"]) {
  test(`a SAS for ${path || "the namespace"} opens it, for messages and for queues`, async () => {
    await using broker = await ServiceBusBroker.start({ queues: ["q"] });
    const sas = signSas(broker.connectionString, { path });
    const access = accessBy(withSas(broker.connectionString, sas));
    assertEquals([access.login.kind, await roundTrip(access)], ["sas", "hello"]);
    assertEquals((await adminClient(access).getQueue("q")).name, "q");
  });
}

test("a send that the service refuses for now is not repeated by the SDK", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const client = busClient(accessBy(broker.connectionString), OPTIONS);
  broker.fault({ kind: "throttle" }, { at: "transfer" });
  await assertRejects(client.createSender("q").sendMessages({ body: "hello" }), Error);
  await client.close();
  assertEquals(broker.queue("q").all, []);
});

test("the service has as long to answer as it is given", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const client = busClient(accessBy(broker.connectionString), { ...OPTIONS, timeoutMs: 300 });
  const sender = client.createSender("q");
  await sender.sendMessages({ body: "heard" });
  broker.fault({ kind: "silence" }, { at: "transfer" });
  const start = performance.now();
  await assertRejects(sender.sendMessages({ body: "not heard" }), Error);
  assertBetween(performance.now() - start, 250, 3_500);
  await client.close();
});

test("a request for a queue that the service refuses for now is not repeated", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const admin = adminClient(accessBy(broker.connectionString));
  broker.fault({ kind: "throttle" }, { at: "http" });
  await assertRejects(admin.createQueue("new"), Error);
  await assertRejects(admin.getQueue("new"), Error);
});

test("a request for a queue whose answer is lost on a used connection goes out once", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const admin = adminClient(accessBy(broker.connectionString));
  await admin.getQueue("q");
  broker.fault({ kind: "cut" }, { at: "http" });
  await assertRejects(admin.getQueue("q"), Error);
});

/** Where a client would ask for a queue. */
async function askedBy(admin: ServiceBusAdministrationClient): Promise<string> {
  admin.pipeline.addPolicy({
    name: "stop",
    sendRequest: ({ url }) => Promise.reject(new Error(url)),
  }, { afterPhase: "Sign", afterPolicies: ["lastStep"] });
  const { message } = await assertRejects(admin.getQueue("q"), Error);
  return new URL(message).origin;
}

const KEY = "SharedAccessKeyName=all;SharedAccessKey=c2VjcmV0";
const SAS = signSas(`Endpoint=sb://localhost;${KEY}`);
const PLACES: readonly [string, string][] = [
  [`Endpoint=sb://localhost;${KEY};UseDevelopmentEmulator=true`, "http://localhost:5300"],
  [`Endpoint=sb://localhost:5672;${KEY};UseDevelopmentEmulator=true`, "http://localhost:5300"],
  [`Endpoint=sb://localhost:1234;${KEY};UseDevelopmentEmulator=true`, "http://localhost:1234"],
  [`Endpoint=sb://localhost:5672;${KEY}`, "https://localhost:5672"],
  [`Endpoint=sb://localhost;${KEY}`, "https://localhost"],
  [
    `Endpoint=sb://localhost;SharedAccessSignature=${SAS};UseDevelopmentEmulator=true`,
    "http://localhost:5300",
  ],
];
for (const [connectionString, origin] of PLACES) {
  const text = connectionString.replace(/SharedAccess[^;]*;?/g, "");
  test(`queues are managed at ${origin} (${text})`, async () => {
    assertEquals(await askedBy(adminClient(accessBy(connectionString))), origin);
  });
}

test("with a token, queues are managed at the namespace's host, with encryption", async () => {
  const credential = { getToken: () => Promise.resolve({ token: newToken(), expiresOnTimestamp: 4e12 }) };
  const access = {
    host: "myns.servicebus.windows.net",
    transport: undefined,
    isEmulator: false,
    login: { kind: "token", credential },
    label: "a test's",
  } as const;
  assertEquals(await askedBy(adminClient(access)), "https://myns.servicebus.windows.net");
});

/** What a process that trusts the broker's certificate can do. */
async function callSecurely(
  login: "key" | "sas" | "token",
  transport: Transport,
  variables: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  await using dir = await TempDir.make();
  const certificate = await makeCertificate(dir);
  await using broker = await ServiceBusBroker.start({ queues: ["q"], certificate });
  const { connectionString } = broker;
  const withLogin = login === "sas" ? withSas(connectionString, signSas(connectionString)) : connectionString;
  const access = accessBy(withLogin);
  const sent = login === "token" ? { ...access, login: { kind: "token", token: newToken() } } : access;
  const { code, stdout, stderr } = await runScript(
    "../backends/service_bus/bus_caller.ts",
    [JSON.stringify(sent), transport],
    { env: { NODE_EXTRA_CA_CERTS: certificate.path, ...variables } },
  );
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

for (const transport of ["amqp", "ws"] as const) {
  for (const login of ["key", "sas", "token"] as const) {
    testWhere(hasOpenssl, "openssl", `a ${login} opens a namespace over TLS (${transport})`, async () => {
      assertEquals(await callSecurely(login, transport), { body: "hello", queue: "q" });
    });
  }
}

/** A proxy for HTTPS that notes what it was asked to connect to, and whose hosts are all this machine. */
class ConnectProxy implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  constructor() {
    this.#server = net.createServer((socket) => {
      this.#keep(socket);
      socket.once("data", (request: Uint8Array) => {
        const [, host, port] = /^CONNECT (.+):(\d+) /.exec(new TextDecoder().decode(request)) ?? [];
        this.asked.push(`${host}`);
        const inner = net.connect(Number(port), "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          socket.pipe(inner).pipe(socket);
        });
        this.#keep(inner);
      });
    });
  }

  /** @returns its URL */
  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    assert(typeof address === "object" && address !== null);
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #keep(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

testWhere(hasOpenssl, "openssl", "WebSockets go through the proxy of HTTPS_PROXY", async () => {
  await using proxy = new ConnectProxy();
  const url = await proxy.listen();
  const answer = await callSecurely("key", "ws", {
    HTTPS_PROXY: url,
    NO_PROXY: "",
    DENO_NO_UPDATE_CHECK: "1",
  });
  assertEquals(answer, { body: "hello", queue: "q" });
  // One for the messages, and one for the look at the queue.
  assertEquals(proxy.asked, ["localhost", "localhost"]);
});
