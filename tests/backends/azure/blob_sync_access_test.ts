import { openBlobDestination } from "../../../src/backends/azure/blob_sync_open.ts";
import { AccessDeniedError, UsageError } from "../../../src/core/errors.ts";
import { createLogger } from "../../../src/log/logger.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { FakeService, refusal } from "./fake_service.ts";
import { assertKeepsSecrets, assertNoSecret, SECRETS } from "./no_secret.ts";

const { key, signature } = SECRETS;
const URL_OF_BLOBS = "https://acct.blob.core.windows.net/results/a";
const CONNECTION = `AccountName=acct;AccountKey=${key}`;
const SAS = `sv=2024-11-04&sp=cw&sr=c&sig=${signature}`;
const QUEUE_SAS = `sv=2024-11-04&sp=raup&sig=${signature}`;

/** What is said to sign in; undefined for tokens. */
async function signedInWith(
  variables: Record<string, string>,
  { url = URL_OF_BLOBS, connectionString }: { url?: string; connectionString?: string } = {},
): Promise<string | undefined> {
  const lines: string[] = [];
  const log = createLogger("debug", ({ message }) => lines.push(message));
  await using _ = await openBlobDestination(url, {
    env: (name) => variables[name],
    azure: { connectionString },
    log,
  });
  lines.forEach((line) => assertNoSecret(line));
  return lines[0]?.replace("signed in to acct with ", "");
}

const EVERYTHING = {
  JOBQ_CONNECTION_STRING: CONNECTION,
  AZURE_STORAGE_CONNECTION_STRING: CONNECTION,
  AZURE_STORAGE_SAS_TOKEN: `?${SAS}`,
  AZURE_STORAGE_KEY: key,
};

test("the first that fits is taken: the URL's SAS, connection strings, a SAS, a key, tokens", async () => {
  const left: Record<string, string> = { ...EVERYTHING };
  const said = [
    await signedInWith(left, { url: `${URL_OF_BLOBS}?${SAS}`, connectionString: CONNECTION }),
    await signedInWith(left, { connectionString: CONNECTION }),
  ];
  for (const name of Object.keys(EVERYTHING)) {
    said.push(await signedInWith(left));
    delete left[name];
  }
  said.push(await signedInWith(left));
  assertEquals(said, [
    "the SAS in the URL",
    "the connection string of --conn-str",
    "the connection string of $JOBQ_CONNECTION_STRING",
    "the connection string of $AZURE_STORAGE_CONNECTION_STRING",
    "the SAS of $AZURE_STORAGE_SAS_TOKEN",
    "the account key of $AZURE_STORAGE_KEY",
    undefined,
  ]);
});

const OTHERS: readonly [string, Record<string, string>][] = [
  ["a connection string of another account", {
    JOBQ_CONNECTION_STRING: `AccountName=other;AccountKey=${key}`,
  }],
  ["a connection string of another account's blobs", {
    JOBQ_CONNECTION_STRING: `BlobEndpoint=https://other.blob.core.windows.net;SharedAccessSignature=${SAS}`,
  }],
  ["a connection string of Service Bus", {
    JOBQ_CONNECTION_STRING:
      `Endpoint=sb://acct.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey=${key}`,
  }],
  ["a connection string that is for queues only", {
    JOBQ_CONNECTION_STRING:
      `QueueEndpoint=https://acct.queue.core.windows.net;SharedAccessSignature=ss=q&${QUEUE_SAS}`,
  }],
  ["a SAS of a queue", { AZURE_STORAGE_SAS_TOKEN: QUEUE_SAS }],
  ["a SAS of the account's queues", { AZURE_STORAGE_SAS_TOKEN: `ss=qt&srt=sco&${QUEUE_SAS}` }],
  ["a SAS of a file share", { AZURE_STORAGE_SAS_TOKEN: `sr=s&${QUEUE_SAS}` }],
  ["a key of another account", { AZURE_STORAGE_KEY: key, AZURE_STORAGE_ACCOUNT: "other" }],
];
for (const [what, variables] of OTHERS) {
  test(`${what} is left to what it is for`, async () => {
    assertEquals(await signedInWith(variables), undefined);
  });
}

test("a connection string with a SAS for blobs alone is enough", async () => {
  const text = `BlobEndpoint=https://acct.blob.core.windows.net;SharedAccessSignature=${SAS}`;
  assertEquals(
    await signedInWith({ AZURE_STORAGE_CONNECTION_STRING: text }),
    "the connection string of $AZURE_STORAGE_CONNECTION_STRING",
  );
});

test("a malformed connection string is not passed over in silence", async () => {
  const error = await assertRejects(signedInWith({ JOBQ_CONNECTION_STRING: key }), UsageError);
  assertMatch(error.message, /\$JOBQ_CONNECTION_STRING is malformed/);
  assertKeepsSecrets(error);
});

test("requests go where the URL says, with the SAS of the URL", async () => {
  await using service = new FakeService(() => refusal(412, "ConditionNotMet"));
  await using destination = await openBlobDestination(`${service.url}/acct/results/a?${SAS}`, {
    env: (name) => ({ ...EVERYTHING } as Record<string, string>)[name],
  });
  await destination.prepare();
  const [asked] = service.asked;
  const { pathname, searchParams } = new URL(asked?.url ?? "", service.url);
  assertEquals([asked?.method, pathname, searchParams.get("sig")], [
    "PUT",
    "/acct/results/a/.jobq",
    signature,
  ]);
  assertEquals(asked?.headers.get("authorization"), null);
});

test("a denial for the wrong service names the rights that blobs need", async () => {
  await using service = new FakeService(() => refusal(403, "AuthorizationServiceMismatch"));
  await using destination = await openBlobDestination(`${service.url}/acct/results?${SAS}`, {
    env: () => undefined,
  });
  const error = await assertRejects(destination.prepare(), AccessDeniedError);
  assertMatch(error.hint ?? "", /^make one that allows the blob service/);
});

test("a SAS of the worker and tokens are not sent to hosts of others", async () => {
  const url = "https://acct.blob.example.org/results/a";
  for (const variables of [{ AZURE_STORAGE_SAS_TOKEN: SAS }, {}] as Record<string, string>[]) {
    const error = await assertRejects(signedInWith(variables, { url }), UsageError);
    assertMatch(error.message, /^Cannot copy to "https:[^"]*": a (?:SAS|token) is not sent to a host that/);
    assertKeepsSecrets(error);
  }
  assertEquals(await signedInWith({}, { url: `${url}?${SAS}` }), "the SAS in the URL");
});

test("a SAS is not sent over http to other machines", async () => {
  const url = `http://acct.blob.core.windows.net/results?${SAS}`;
  const error = await assertRejects(signedInWith({}, { url }), UsageError);
  assertMatch(error.message, /a SAS is not sent over http/);
});
