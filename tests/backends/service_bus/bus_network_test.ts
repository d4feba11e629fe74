import net from "node:net";
import { once } from "node:events";
import type { BusAccess, Transport } from "../../../src/backends/service_bus/bus_access.ts";
import { adminClient } from "../../../src/backends/service_bus/bus_client.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { runScript } from "../../support/child.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { hasOpenssl, makeCertificate } from "../../support/service_bus_broker/certificate.ts";
import { withClient } from "../../support/service_bus_broker/testing.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { SECRETS } from "../azure/no_secret.ts";
import { RawServer } from "../azure/raw_server.ts";
import { accessBy } from "./bus_login.ts";
import {
  type Deed,
  DOUBTFUL,
  failureOf,
  failureOfDeed,
  LOST,
  type Outcome,
  outcomeOf,
  outcomeOfAdmin,
  UNREACHED,
} from "./bus_outcome.ts";

const LATE = "no answer came in time";
const CUT = "the connection was cut";
/** For what never answers. */
const TIMEOUT_MS = 300;

/** A connection string for what is no namespace. */
function stringFor(host: string, isEmulator = true): string {
  const key = `Endpoint=sb://${host};SharedAccessKeyName=all;SharedAccessKey=${SECRETS.key}`;
  return isEmulator ? `${key};UseDevelopmentEmulator=true` : key;
}

/** What a deed there comes to. */
async function outcomeAt(access: BusAccess, deed: Deed): Promise<Outcome> {
  return outcomeOf(await failureOfDeed(access, deed, { timeoutMs: TIMEOUT_MS }));
}

async function closedPort(): Promise<number> {
  const broker = await ServiceBusBroker.start();
  await broker[Symbol.asyncDispose]();
  return Number(broker.host.split(":")[1]);
}

const DEEDS: readonly Deed[] = ["send", "receive", "peek"];

test("a refused connection may pass, nothing was done, and AMQP's port may be closed", async () => {
  const access = accessBy(stringFor(`localhost:${await closedPort()}`));
  for (const deed of DEEDS) {
    const { hint, ...rest } = await outcomeAt(access, deed);
    assertEquals(rest, { type: "BackendError", reason: "the connection was refused", is: UNREACHED });
    assertMatch(hint, /5671.*--transport ws/);
  }
});

test("a refused connection for a queue's management may pass", async () => {
  const admin = adminClient(accessBy(stringFor(`localhost:${await closedPort()}`)));
  assertEquals(outcomeOf(await failureOf(admin.getQueue("q"))), {
    type: "BackendError",
    reason: "the connection was refused",
    hint: "",
    is: UNREACHED,
  });
});

test("a refused WebSocket may pass, and nothing was done", async () => {
  const access = accessBy(stringFor(`localhost:${await closedPort()}`, false));
  const { hint, ...rest } = await outcomeAt({ ...access, transport: "ws" }, "send");
  assertEquals(rest, {
    type: "BackendError",
    reason: "no WebSocket could be opened (tcp connect error)",
    is: UNREACHED,
  });
  assertMatch(hint, /443.*HTTPS_PROXY/);
});

for (const transport of ["amqp", "ws"] as const) {
  test(`a host that is not found may pass, and nothing was done (${transport})`, async () => {
    const host = "no-such-host.invalid";
    const access = { ...accessBy(stringFor("localhost", false)), host, transport };
    const login = { kind: "connection-string", text: stringFor(host, false) } as const;
    for (const deed of DEEDS) {
      const { reason, is } = await outcomeAt({ ...access, login }, deed);
      // Where there are no name servers at all, nobody says that the host does not exist.
      assert(["its host was not found", "the name servers do not answer"].includes(reason), reason);
      assertEquals(is, UNREACHED);
    }
  });
}

test("what a system says about connecting is told from what it says about a connection", () => {
  const made = (message: string) =>
    outcomeOf(Object.assign(new Error(message), { name: "MessagingError", code: "GeneralError" })).is;
  assertEquals([
    made("ETIMEDOUT: connect ETIMEDOUT 10.0.0.1:5671"),
    made("GeneralError: ETIMEDOUT: connect ETIMEDOUT 10.0.0.1:5671"),
    made("EHOSTUNREACH: connect EHOSTUNREACH 10.0.0.1:5671"),
    made("EAI_AGAIN: getaddrinfo EAI_AGAIN myns.servicebus.windows.net"),
    made("ECONNRESET: connect ECONNRESET 10.0.0.1:5671"),
    made("ECONNRESET: read ECONNRESET"),
    made("EPIPE: write EPIPE"),
  ], [UNREACHED, UNREACHED, UNREACHED, UNREACHED, UNREACHED, DOUBTFUL, DOUBTFUL]);
});

test("an error with a system's code is read as the SDK's", () => {
  const cut = Object.assign(new Error("the connection was cut"), { code: "ECONNRESET" });
  assertEquals(outcomeOf(cut).is, DOUBTFUL);
});

test("an abort and a timeout of our own may pass, and the call may be done", () => {
  for (const name of ["AbortError", "TimeoutError"]) {
    const { reason, is } = outcomeOf(new DOMException("The operation was aborted.", name));
    assertEquals([reason, is], [LATE, DOUBTFUL]);
  }
});

test("a client that was closed under a call is like a lost connection", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  const outcomes = await withClient(broker.connectionString, async (client) => {
    const sender = client.createSender("q");
    const receiver = client.createReceiver("q");
    await sender.close();
    const closedSender = outcomeOf(await failureOf(sender.sendMessages({ body: "hello" })));
    await client.close();
    return [closedSender, outcomeOf(await failureOf(receiver.receiveMessages(1)))];
  });
  assertEquals(outcomes.map(({ reason, is }) => [reason, is]), [["it is closed", LOST], [
    "it is closed",
    LOST,
  ]]);
});

/** What a server that speaks no AMQP makes of a deed. */
async function outcomeWith(
  greet: (socket: net.Socket) => void,
  { isEmulator = false, transport = "amqp" }: { isEmulator?: boolean; transport?: Transport } = {},
): Promise<Outcome> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => greet(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  try {
    const access = accessBy(stringFor(`localhost:${address.port}`, isEmulator));
    return await outcomeAt({ ...access, transport }, "send");
  } finally {
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}

const refuse = (socket: net.Socket) => void socket.write("HTTP/1.1 400 Bad Request\r\n\r\n");

test("what answers without AMQP does not pass, and is no namespace", async () => {
  const { type, reason, is } = await outcomeWith(refuse, { isEmulator: true });
  assertEquals([type, reason, is], ["BackendError", "what answers there speaks no AMQP", ["isUnreachable"]]);
});

/** How the lack of TLS is called. */
const WITHOUT_TLS = {
  amqp: "ERR_SSL_WRONG_VERSION_NUMBER",
  ws: "received corrupt message of type InvalidContentType",
} as const;
for (const transport of ["amqp", "ws"] as const) {
  test(`what answers without TLS does not pass (${transport})`, async () => {
    const { type, reason, is } = await outcomeWith(refuse, { transport });
    const expected = `there is no safe connection (${WITHOUT_TLS[transport]})`;
    assertEquals([type, reason, is], ["BackendError", expected, []]);
  });
}

test("a connection that is closed in the middle of TLS may pass", async () => {
  const { reason, is } = await outcomeWith((socket) => void socket.destroy());
  assertEquals([reason, is], ["the connection was closed at once", UNREACHED]);
});

const CERTIFICATE_HINT =
  "when the network uses a certificate authority of its own, name its file in NODE_EXTRA_CA_CERTS";

testWhere(
  hasOpenssl,
  "openssl",
  "a certificate that nobody vouches for does not pass, on any way",
  async () => {
    await using dir = await TempDir.make();
    const certificate = await makeCertificate(dir);
    await using broker = await ServiceBusBroker.start({ queues: ["q"], certificate });
    const access = accessBy(broker.connectionString);
    const outcomes = [
      await outcomeAt(access, "send"),
      await outcomeAt(access, "receive"),
      await outcomeOfAdmin(broker, "get"),
      await outcomeAt({ ...access, transport: "ws" }, "send"),
    ];
    const safe = (fault: string) => ({
      type: "BackendError",
      reason: `there is no safe connection (${fault})`,
      hint: CERTIFICATE_HINT,
      is: [],
    });
    const selfSigned = safe("DEPTH_ZERO_SELF_SIGNED_CERT");
    assertEquals(outcomes, [selfSigned, selfSigned, selfSigned, safe("UnknownIssuer")]);
  },
);

testWhere(hasOpenssl, "openssl", "a web server that opens no WebSocket may pass", async () => {
  await using dir = await TempDir.make();
  const certificate = await makeCertificate(dir);
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", cert: certificate.cert, key: certificate.key, onListen: () => {} },
    () => new Response("no", { status: 503 }),
  );
  const access = accessBy(stringFor(`localhost:${server.addr.port}`, false));
  const { code, stdout, stderr } = await runScript(
    "../backends/service_bus/bus_caller.ts",
    [JSON.stringify(access), "ws"],
    { env: { NODE_EXTRA_CA_CERTS: certificate.path } },
  );
  assertEquals([code, stderr], [0, ""]);
  assertMatch(JSON.parse(stdout).error, /^Cannot use "sb:\/\/ns\/q": no WebSocket could be opened \(/);
});

test("a queue's management that is cut off may pass, and may be done", async () => {
  await using broker = await ServiceBusBroker.start({ queues: ["q"] });
  broker.fault({ kind: "cut" }, { at: "http", when: "after" });
  const { reason, is } = await outcomeOfAdmin(broker, "create", { name: "new" });
  assertEquals([reason, is, broker.queue("new").name], [CUT, DOUBTFUL, "new"]);
});

test("a queue's management that never answers may pass, and may be done", async () => {
  await using server = new RawServer(() => {});
  const admin = adminClient(accessBy(stringFor(new URL(server.url).host.replace("127.0.0.1", "localhost"))));
  const thrown = await failureOf(admin.getQueue("q", { abortSignal: AbortSignal.timeout(TIMEOUT_MS) }));
  const { reason, is } = outcomeOf(thrown);
  assertEquals([reason, is], [LATE, DOUBTFUL]);
});
