import { type BusOptions, resolveBusAccess } from "../../../src/backends/service_bus/bus_access.ts";
import { AccessDeniedError, type JobqError, UsageError } from "../../../src/core/errors.ts";
import { createLogger } from "../../../src/log/logger.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, assertNoSecret, SECRETS } from "../azure/no_secret.ts";

const { key, signature } = SECRETS;
const HOST = "myns.servicebus.windows.net";
const CONNECTION = `Endpoint=sb://${HOST}/;SharedAccessKeyName=all;SharedAccessKey=${key}`;
const EMULATOR =
  `Endpoint=sb://localhost;SharedAccessKeyName=all;SharedAccessKey=${key};UseDevelopmentEmulator=true`;
const SAS = `SharedAccessSignature sr=sb%3A%2F%2F${HOST}&sig=${signature}&se=4000000000&skn=all`;

/** What is resolved from these options and variables, and what was logged. */
function resolve(options: Partial<BusOptions>, variables: Record<string, string> = {}) {
  const lines: string[] = [];
  const log = createLogger("debug", ({ level, message }) => lines.push(`${level}: ${message}`));
  const env = (name: string) => variables[name];
  const access = resolveBusAccess({ namespace: "myns", queue: "jobs", ...options }, {
    env,
    log,
    clock: new ManualClock(),
  });
  lines.forEach((line) => assertNoSecret(line));
  return { access, lines };
}

function refusal(options: Partial<BusOptions>, variables: Record<string, string> = {}): JobqError {
  const error = assertThrows(() => resolve(options, variables), UsageError);
  assertKeepsSecrets(error);
  return error;
}

const EVERYTHING = { JOBQ_CONNECTION_STRING: CONNECTION, AZURE_CLIENT_ID: "client" };
/** What is left when those before it are taken away. */
const ORDER: readonly [string, string, Partial<BusOptions>][] = [
  ["the connection string of --conn-str", "connection-string", { connectionString: CONNECTION, sas: SAS }],
  ["the SAS of --sas", "sas", { sas: SAS }],
  ["the connection string of $JOBQ_CONNECTION_STRING", "connection-string", {}],
];
for (const [label, kind, options] of ORDER) {
  test(`${label} is taken where nothing goes before it, and named once`, () => {
    const { access, lines } = resolve(options, EVERYTHING);
    assertEquals([access.login.kind, access.label, access.host, lines], [kind, label, HOST, [
      `info: signed in to ${HOST} with ${label}`,
    ]]);
  });
}

test("without any secret it is tokens, and nothing is said before the first", () => {
  const { access, lines } = resolve({}, { AZURE_CLIENT_ID: "client", JOBQ_CONNECTION_STRING: "" });
  assertEquals([access.login.kind, access.label, access.host, lines], [
    "token",
    "the managed identity of $AZURE_CLIENT_ID, or the Azure CLI's login",
    HOST,
    [],
  ]);
});

test("the host is one of the cloud", () => {
  const { access } = resolve({ sas: SAS }, { AZURE_CLOUD: "AzureChinaCloud" });
  assertEquals(access.host, "myns.servicebus.chinacloudapi.cn");
});

test("a namespace may be given as a host", () => {
  assertEquals(resolve({ namespace: "bus.example.org:5671", sas: SAS }).access.host, "bus.example.org:5671");
});

test("--endpoint goes before the connection string's", () => {
  const { access } = resolve({ connectionString: CONNECTION, endpoint: "sb://bus.example.org:5671/" });
  assertEquals([access.host, access.login], ["bus.example.org:5671", {
    kind: "connection-string",
    text: `Endpoint=sb://bus.example.org:5671/;SharedAccessKeyName=all;SharedAccessKey=${key}`,
  }]);
});

test("--endpoint may be a cloud's suffix", () => {
  const { access } = resolve({ sas: SAS, endpoint: "servicebus.usgovcloudapi.net" });
  assertEquals(access.host, "myns.servicebus.usgovcloudapi.net");
});

test("the transport is the one that was asked for", () => {
  const found = ([undefined, "amqp", "ws"] as const).map((transport) => {
    const { access } = resolve({ sas: SAS, transport });
    return [access.transport, access.isEmulator];
  });
  assertEquals(found, [[undefined, false], ["amqp", false], ["ws", false]]);
});

test("an emulator is spoken to by AMQP only", () => {
  const options = { namespace: "localhost", connectionString: EMULATOR };
  const { access } = resolve(options);
  assertEquals([access.host, access.isEmulator, access.transport], ["localhost", true, "amqp"]);
  const error = refusal({ ...options, transport: "ws" });
  assertEquals(error.message, 'Cannot use --transport ws for "localhost": an emulator speaks AMQP only');
});

test("an emulator's key may go to another machine, since everybody knows it", () => {
  const connectionString = EMULATOR.replace("localhost", "emulator:5672");
  assertEquals(resolve({ namespace: "sbemulatorns", connectionString }).access.host, "emulator:5672");
});

test("a SAS goes over http to this machine only", () => {
  const { access } = resolve({ sas: SAS, endpoint: "http://localhost:5672" });
  assertEquals([access.host, access.isEmulator], ["localhost:5672", true]);
  const error = refusal({ sas: SAS, endpoint: "http://emulator:5672" });
  assertEquals(
    error.message,
    'Cannot sign in to "myns": a SAS is not sent over http, where others can read it',
  );
});

test("a SAS in an emulator's connection string goes to this machine only", () => {
  const text = (host: string) =>
    `Endpoint=sb://${host};SharedAccessSignature=${SAS};UseDevelopmentEmulator=true`;
  const { access } = resolve({ namespace: "localhost", connectionString: text("localhost:5672") });
  assertEquals([access.isEmulator, access.login], [true, { kind: "sas", sas: SAS }]);
  refusal({ namespace: "localhost", connectionString: text("emulator") });
});

test("a token is not sent over http", () => {
  const error = refusal({ endpoint: "http://localhost:5672" });
  assertEquals(
    error.message,
    'Cannot sign in to "myns": a token is not sent over http, where others can read it',
  );
});

test("what a key signs is not sent over http to another machine", () => {
  const error = refusal({ connectionString: CONNECTION, endpoint: "http://bus.example.org" });
  assertMatch(error.message, /what a key signs is not sent over http/);
});

test("an IP address is refused where there is encryption, which needs a name", () => {
  for (
    const options of [{ namespace: "10.1.2.3:5671" }, { endpoint: "10.1.2.3" }, { namespace: "127.0.0.1" }]
  ) {
    assertMatch(refusal({ ...options, sas: SAS }).message, /needs the name of a host, not an IP address$/);
  }
  const options = { namespace: "127.0.0.1", connectionString: EMULATOR.replace("localhost", "127.0.0.1") };
  assertEquals(resolve(options).access.host, "127.0.0.1");
});

test("an expired SAS is refused before any request", () => {
  const sas = SAS.replace("4000000000", "1577836800");
  const error = assertThrows(() => resolve({ sas }), AccessDeniedError);
  assertEquals(
    error.message,
    'Cannot sign in to "myns": the SAS of --sas expired at 2020-01-01T00:00:00.000Z',
  );
  assertKeepsSecrets(error);
});

test("a name that no queue can have is refused", () => {
  assertMatch(
    refusal({ sas: SAS, queue: "jobs/$DeadLetterQueue" }).message,
    /^Cannot use "sb:\/\/myns\/jobs\//,
  );
});
