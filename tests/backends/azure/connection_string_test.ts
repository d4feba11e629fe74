import { readConnectionString } from "../../../src/backends/azure/connection_string.ts";
import { AccessDeniedError, JobqError, UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, SECRETS } from "./no_secret.ts";

const { key, signature } = SECRETS;
const context = {
  account: "acct",
  label: "the connection string of --conn-str",
  suffix: "core.windows.net",
  now: Date.UTC(2026, 10, 23),
};
const read = (text: string, account = "acct") => readConnectionString(text, { ...context, account });
const SAS = `sv=2024-11-04&se=2027-01-01T00:00:00Z&sig=${signature}`;
const URLS = {
  queueUrl: "https://acct.queue.core.windows.net",
  blobUrl: "https://acct.blob.core.windows.net",
};
const KEY_LOGIN = { kind: "key", account: "acct", key } as const;

test("a connection string with a key, as the portal shows it", () => {
  const text =
    `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${key};EndpointSuffix=core.windows.net`;
  assertEquals(read(text), { login: KEY_LOGIN, ...URLS });
});

test("a connection string without a suffix takes the cloud's", () => {
  assertEquals(read(` accountname=acct ;AccountKey=${key};\n`), { login: KEY_LOGIN, ...URLS });
});

test("a connection string with endpoints of its own", () => {
  const text =
    `AccountName=acct;AccountKey=${key};BlobEndpoint=http://blobs:10000/acct/;QueueEndpoint=http://queues:10001/acct/`;
  assertEquals(read(text), {
    login: KEY_LOGIN,
    queueUrl: "http://queues:10001/acct",
    blobUrl: "http://blobs:10000/acct",
  });
});

test("a connection string with a SAS", () => {
  assertEquals(read(`QueueEndpoint=https://acct.queue.core.windows.net/;SharedAccessSignature=${SAS}`), {
    login: { kind: "sas", sas: SAS },
    ...URLS,
  });
});

test("a SAS at a domain of the user's own may be of any account", () => {
  const { queueUrl, blobUrl } = read(`QueueEndpoint=https://queues.example.org;SharedAccessSignature=${SAS}`);
  assertEquals([queueUrl, blobUrl], ["https://queues.example.org", undefined]);
});

test("the emulator's short connection string", () => {
  const { login, ...urls } = read("UseDevelopmentStorage=true", "devstoreaccount1");
  assertEquals([login.kind, urls], ["key", {
    queueUrl: "http://127.0.0.1:10001/devstoreaccount1",
    blobUrl: "http://127.0.0.1:10000/devstoreaccount1",
  }]);
});

test("the emulator's short connection string with a host", () => {
  const text = "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite";
  assertEquals(read(text, "devstoreaccount1").queueUrl, "http://azurite:10001/devstoreaccount1");
});

const OTHERS: readonly [string, string, string][] = [
  ["AccountName", `AccountName=other;AccountKey=${key}`, "other"],
  ["host", `QueueEndpoint=https://other.queue.core.windows.net;SharedAccessSignature=${SAS}`, "other"],
  ["path", `QueueEndpoint=http://127.0.0.1:10001/other;SharedAccessSignature=${SAS}`, "other"],
  ["emulator", "UseDevelopmentStorage=true", "devstoreaccount1"],
];
for (const [where, text, other] of OTHERS) {
  test(`another account in the connection string is refused with both names (${where})`, () => {
    const error = assertThrows(() => read(text), UsageError);
    assertEquals([error.message, error.hint], [
      `Cannot sign in to "acct": the connection string of --conn-str is of the account "${other}"`,
      `use the address ${other}/QUEUE, or give the connection string of acct`,
    ]);
    assertKeepsSecrets(error);
  });
}

const REFUSED: readonly [string, string][] = [
  ["", "is malformed: it is not a list of NAME=VALUE, separated by semicolons"],
  [key.slice(0, 30), "is malformed: it is not a list of NAME=VALUE, separated by semicolons"],
  [
    `"AccountName=acct;AccountKey=${key}"`,
    "is malformed: it is not a list of NAME=VALUE, separated by semicolons",
  ],
  [
    `Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=${key}`,
    "is one of Service Bus",
  ],
  ["AccountName=acct", "lacks AccountKey or SharedAccessSignature"],
  [`AccountKey=${key}`, "lacks AccountName"],
  [`AccountName=acct;AccountKey=${key.slice(0, -2)}`, "has an AccountKey that is not base64"],
  [`AccountName=acct;AccountKey=not base64!`, "has an AccountKey that is not base64"],
  [`SharedAccessSignature=${SAS}`, "lacks QueueEndpoint"],
  [`AccountName=acct;BlobEndpoint=https://b.example.org;SharedAccessSignature=${SAS}`, "lacks QueueEndpoint"],
  [
    `AccountName=acct;AccountKey=${key};QueueEndpoint=acct.queue`,
    "has a QueueEndpoint that is no http or https URL",
  ],
  [
    `AccountName=acct;AccountKey=${key};BlobEndpoint=acct.blob`,
    "has a BlobEndpoint that is no http or https URL",
  ],
  [
    `AccountName=acct;AccountKey=${key};DefaultEndpointsProtocol=ftp`,
    "has a DefaultEndpointsProtocol that is neither http nor https",
  ],
];
for (const [index, [text, reason]] of REFUSED.entries()) {
  test(`a connection string that ${reason.split(":")[0]} is refused (${index})`, () => {
    const error = assertThrows(() => read(text), UsageError);
    assertEquals(error.message, `Cannot sign in to "acct": the connection string of --conn-str ${reason}`);
    assertKeepsSecrets(error, [key.slice(0, 30)]);
  });
}

test("an expired SAS in a connection string is refused at once", () => {
  const text = `AccountName=acct;SharedAccessSignature=se=2026-11-22&sig=${signature}`;
  const error: JobqError = assertThrows(() => read(text), AccessDeniedError);
  assertEquals(
    error.message,
    'Cannot sign in to "acct": the SAS in the connection string of --conn-str expired at 2026-11-22T00:00:00.000Z',
  );
  assertKeepsSecrets(error);
});
