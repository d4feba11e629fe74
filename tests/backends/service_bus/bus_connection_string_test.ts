import { readBusConnectionString } from "../../../src/backends/service_bus/bus_connection_string.ts";
import { AccessDeniedError, UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, SECRETS } from "../azure/no_secret.ts";

const { key, signature } = SECRETS;
const HOST = "myns.servicebus.windows.net";
const KEY = `SharedAccessKeyName=all;SharedAccessKey=${key}`;
const EMULATOR = "UseDevelopmentEmulator=true";
const SAS = `SharedAccessSignature sr=x&sig=${signature}&se=4000000000&skn=all`;

interface Where {
  readonly namespace?: string;
  readonly queue?: string;
  readonly endpoint?: { readonly host: string; readonly isPlain?: boolean };
}

function read(text: string, { namespace = "myns", queue = "team/jobs", endpoint }: Where = {}) {
  return readBusConnectionString(text, {
    namespace,
    queue,
    label: "the connection string of --conn-str",
    given: endpoint,
    now: Date.UTC(2026, 10, 23),
  });
}

test("a connection string with a key, as the portal shows it", () => {
  assertEquals(read(`Endpoint=sb://${HOST}/;${KEY}`), {
    host: HOST,
    isPlain: false,
    login: { kind: "connection-string", text: `Endpoint=sb://${HOST}/;${KEY}` },
    isPublic: false,
  });
});

test("the names of the fields are read in any case, and spaces around them do not matter", () => {
  const text = ` endpoint = sb://${HOST.toUpperCase()} ;sharedaccesskeyname=all ; SHAREDACCESSKEY=${key};;\n`;
  assertEquals(read(text).login, { kind: "connection-string", text: `Endpoint=sb://${HOST}/;${KEY}` });
});

test("a connection string with a SAS", () => {
  const { login, host } = read(`Endpoint=sb://${HOST}/;SharedAccessSignature=${SAS}`);
  assertEquals([login, host], [{ kind: "sas", sas: SAS }, HOST]);
});

test("a connection string of the queue", () => {
  assertEquals(read(`Endpoint=sb://${HOST}/;${KEY};EntityPath=Team/Jobs`).host, HOST);
});

/** The address's namespace, the string's Endpoint, and whether it is an emulator's. */
const FITTING: readonly [string, string, boolean][] = [
  ["MyNs", `sb://${HOST}`, false],
  [HOST, `sb://${HOST}`, false],
  [HOST, `sb://${HOST}:5671`, false],
  [`${HOST}:5671`, `sb://${HOST}:5671`, false],
  ["myns", "sb://myns.servicebus.usgovcloudapi.net", false],
  ["myns", "sb://myns.privatelink.servicebus.windows.net/", false],
  ["localhost:1234", "sb://localhost:1234", false],
  ["localhost", "sb://localhost", true],
  ["localhost", "sb://localhost:1234", true],
  ["localhost:1234", "sb://localhost:1234", true],
  ["localhost:5672", "sb://localhost", true],
  ["127.0.0.1", "sb://localhost", true],
  ["localhost", "sb://emulator", true],
  ["sbemulatorns", "sb://localhost", true],
  ["emulator", "sb://emulator:5672", true],
];
for (const [namespace, endpoint, isEmulator] of FITTING) {
  test(`${namespace} is ${endpoint}${isEmulator ? " of an emulator" : ""}`, () => {
    const found = read(`Endpoint=${endpoint};${KEY}${isEmulator ? `;${EMULATOR}` : ""}`, { namespace });
    assertEquals([found.host, found.isPlain, found.isPublic], [
      endpoint.replace(/^sb:\/\/|\/$/g, ""),
      isEmulator,
      isEmulator,
    ]);
  });
}

const OTHERS: readonly [string, string, string][] = [
  ["myns", "sb://other.servicebus.windows.net", "other"],
  ["myns", "sb://myns2.servicebus.windows.net", "myns2"],
  ["myns", `sb://localhost:1234;${EMULATOR}`, "localhost:1234"],
  ["localhost:1235", `sb://localhost:1234;${EMULATOR}`, "localhost:1234"],
  ["localhost", `sb://${HOST}`, HOST],
  ["sbemulatorns", "sb://localhost", "localhost"],
  [HOST, "sb://myns.servicebus.usgovcloudapi.net", "myns.servicebus.usgovcloudapi.net"],
  ["10", "sb://10x.example.org", "10x.example.org"],
];
for (const [namespace, endpoint, other] of OTHERS) {
  test(`a string of ${endpoint} is refused for ${namespace}, with both names`, () => {
    const error = assertThrows(() => read(`Endpoint=${endpoint};${KEY}`, { namespace }), UsageError);
    assertEquals([error.message, error.hint], [
      `Cannot sign in to "${namespace}": the connection string of --conn-str is of the namespace "${other}"`,
      `use the address sb://${other}/QUEUE, or give the connection string of ${namespace}`,
    ]);
    assertKeepsSecrets(error);
  });
}

test("a connection string of another queue is refused with its name", () => {
  const error = assertThrows(() => read(`Endpoint=sb://${HOST}/;${KEY};EntityPath=other`), UsageError);
  assertEquals([error.message, error.hint], [
    'Cannot sign in to "myns": the connection string of --conn-str is of the queue "other"',
    "use the address sb://myns/other, or give the connection string of the namespace or of team/jobs",
  ]);
  assertKeepsSecrets(error);
});

test("--endpoint goes before the string's, which still has to be of the address", () => {
  const endpoint = { host: "bus.example.org" };
  assertEquals(read(`Endpoint=sb://${HOST}/;${KEY}`, { endpoint }).login, {
    kind: "connection-string",
    text: `Endpoint=sb://bus.example.org/;${KEY}`,
  });
  assertThrows(() => read(`Endpoint=sb://other.servicebus.windows.net;${KEY}`, { endpoint }), UsageError);
});

test("--endpoint tells whether there is encryption where its scheme does", () => {
  const found = [undefined, true, false].map((isPlain) => {
    const { login, isPlain: result } = read(`Endpoint=sb://localhost;${KEY};${EMULATOR}`, {
      namespace: "localhost",
      endpoint: { host: "emulator", isPlain },
    });
    return [result, login.kind === "connection-string" && login.text.endsWith(`;${EMULATOR}`)];
  });
  assertEquals(found, [[true, true], [true, true], [false, false]]);
});

const MALFORMED = "is malformed: it is not a list of NAME=VALUE, separated by semicolons";
const REFUSED: readonly [string, string][] = [
  ["", MALFORMED],
  [key.slice(0, 30), MALFORMED],
  [`"Endpoint=sb://${HOST};${KEY}"`, MALFORMED],
  [`AccountName=acct;AccountKey=${key}`, "is one of a storage account"],
  ["UseDevelopmentStorage=true", "is one of a storage account"],
  [KEY, "lacks Endpoint"],
  [`Endpoint=${HOST};${KEY}`, "has an Endpoint that is no sb:// URL of a namespace"],
  [`Endpoint=sb://${HOST}/jobs;${KEY}`, "has an Endpoint that is no sb:// URL of a namespace"],
  [`Endpoint=sb://${HOST}`, "lacks SharedAccessKey or SharedAccessSignature"],
  [`Endpoint=sb://${HOST};SharedAccessKeyName=all`, "lacks SharedAccessKey or SharedAccessSignature"],
  [`Endpoint=sb://${HOST};SharedAccessKey=${key}`, "lacks SharedAccessKeyName"],
  [`Endpoint=sb://${HOST};${KEY}"`, "has a SharedAccessKey with spaces or quotes in it"],
  [
    `Endpoint=sb://${HOST};${KEY};SharedAccessSignature=${SAS}`,
    "has both SharedAccessKey and SharedAccessSignature",
  ],
];
for (const [index, [text, reason]] of REFUSED.entries()) {
  test(`a connection string that ${reason.split(":")[0]} is refused (${index})`, () => {
    const error = assertThrows(() => read(text), UsageError);
    assertEquals(error.message, `Cannot sign in to "myns": the connection string of --conn-str ${reason}`);
    assertKeepsSecrets(error, [key.slice(0, 30)]);
  });
}

test("an expired SAS in a connection string is refused at once", () => {
  const text = `Endpoint=sb://${HOST}/;SharedAccessSignature=${SAS.replace("4000000000", "1577836800")}`;
  const error = assertThrows(() => read(text), AccessDeniedError);
  assertEquals(
    error.message,
    'Cannot sign in to "myns": the SAS in the connection string of --conn-str expired at 2020-01-01T00:00:00.000Z',
  );
  assertKeepsSecrets(error);
});
