import { queueServiceClient } from "../../../src/backends/azure/queue_client.ts";
import { blobServiceClient } from "../../../src/backends/azure/blob_client.ts";
import { resolveStorageAccess, type StorageOptions } from "../../../src/backends/azure/storage_access.ts";
import { AccessDeniedError, UsageError } from "../../../src/core/errors.ts";
import { createLogger } from "../../../src/log/logger.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { test } from "../../support/testing.ts";
import { accepted, FakeService } from "./fake_service.ts";
import { assertKeepsSecrets, assertNoSecret, SECRETS } from "./no_secret.ts";

const { key, signature } = SECRETS;
const SAS = `sv=2024-11-04&sp=raup&sig=${signature}`;
const CONNECTION = `AccountName=acct;AccountKey=${key}`;

/** What is resolved from these options and variables, and what was logged. */
function resolve(options: Partial<StorageOptions>, variables: Record<string, string> = {}) {
  const lines: string[] = [];
  const log = createLogger("debug", ({ level, message }) => lines.push(`${level}: ${message}`));
  const env = (name: string) => variables[name];
  const access = resolveStorageAccess({ account: "acct", ...options }, {
    env,
    log,
    clock: new ManualClock(),
  });
  lines.forEach((line) => assertNoSecret(line));
  return { access, lines };
}

const EVERYTHING = {
  JOBQ_CONNECTION_STRING: CONNECTION,
  AZURE_STORAGE_SAS_TOKEN: `?${SAS}`,
  AZURE_STORAGE_KEY: key,
  AZURE_CLIENT_ID: "client",
};
/** What is left when the variables of those before it are taken away, the flags first. */
const ORDER: readonly [string, Partial<StorageOptions>, Record<string, string>][] = [
  ["the connection string of --conn-str", { connectionString: CONNECTION, sas: SAS }, EVERYTHING],
  ["the SAS of --sas", { sas: SAS }, EVERYTHING],
  ["the connection string of $JOBQ_CONNECTION_STRING", {}, EVERYTHING],
  ["the SAS of $AZURE_STORAGE_SAS_TOKEN", {}, { ...EVERYTHING, JOBQ_CONNECTION_STRING: "" }],
  ["the account key of $AZURE_STORAGE_KEY", {}, { AZURE_STORAGE_KEY: key, AZURE_CLIENT_ID: "client" }],
];
for (const [label, options, variables] of ORDER) {
  test(`${label} is taken where nothing goes before it, and named once`, () => {
    const { access, lines } = resolve(options, variables);
    assertEquals([access.label, lines], [label, [`info: signed in to acct with ${label}`]]);
  });
}

test("without any secret it is tokens, and nothing is said before the first", () => {
  const { access, lines } = resolve({}, { AZURE_CLIENT_ID: "client" });
  assertEquals([access.login.kind, access.label, lines], [
    "token",
    "the managed identity of $AZURE_CLIENT_ID, or the Azure CLI's login",
    [],
  ]);
});

test("the Azure CLI's variables of another account are not taken", () => {
  const { access } = resolve({}, {
    ...EVERYTHING,
    JOBQ_CONNECTION_STRING: "",
    AZURE_STORAGE_ACCOUNT: "other",
  });
  assertEquals(access.login.kind, "token");
});

test("the URLs are those of the cloud", () => {
  const { access } = resolve({}, { AZURE_STORAGE_KEY: key, AZURE_CLOUD: "AzureChinaCloud" });
  assertEquals([access.queueUrl, access.blobUrl], [
    "https://acct.queue.core.chinacloudapi.cn",
    "https://acct.blob.core.chinacloudapi.cn",
  ]);
});

test("--endpoint goes before the connection string's endpoints", () => {
  const { access } = resolve({
    connectionString: `${CONNECTION};QueueEndpoint=https://acct.queue.core.windows.net`,
    endpoint: "http://127.0.0.1:11901/acct",
  });
  assertEquals([access.queueUrl, access.blobUrl], ["http://127.0.0.1:11901/acct", undefined]);
});

test("a key that is not base64 is refused and not shown", () => {
  const error = assertThrows(() => resolve({}, { AZURE_STORAGE_KEY: signature + "!" }), UsageError);
  assertEquals(
    error.message,
    'Cannot sign in to "acct": the account key of $AZURE_STORAGE_KEY is not base64',
  );
  assertKeepsSecrets(error);
});

test("an expired SAS is refused before any request", () => {
  const error = assertThrows(() => resolve({ sas: `se=2020-01-01&sig=${signature}` }), AccessDeniedError);
  assertMatch(error.message, /the SAS of --sas expired at 2020-01-01T00:00:00.000Z$/);
  assertKeepsSecrets(error);
});

test("a SAS and a token are not sent over http to other machines", () => {
  const endpoint = "http://10.1.2.3:10001/acct";
  const sas = assertThrows(() => resolve({ sas: SAS, endpoint }), UsageError);
  const token = assertThrows(() => resolve({ endpoint }), UsageError);
  assertEquals([sas.message, token.message], [
    'Cannot sign in to "acct": a SAS is not sent over http, where others can read it',
    'Cannot sign in to "acct": a token is not sent over http, where others can read it',
  ]);
  assertEquals(resolve({ connectionString: CONNECTION, endpoint }).access.queueUrl, endpoint);
});

test("a SAS is not sent over http to the blob service either", () => {
  const text =
    `QueueEndpoint=https://acct.queue.core.windows.net;BlobEndpoint=http://10.1.2.3/;SharedAccessSignature=${SAS}`;
  assertThrows(() => resolve({ connectionString: text }), UsageError);
});

test("the clients of both services send what was resolved: a key's signature", async () => {
  await using service = new FakeService(accepted);
  const access = {
    ...resolve({}, EVERYTHING).access,
    queueUrl: `${service.url}/acct`,
    blobUrl: `${service.url}/acct`,
  };
  await queueServiceClient(access).getQueueClient("jobs").sendMessage("text");
  const blobs = await blobServiceClient(access);
  await blobs?.getContainerClient("jobs").create();
  assertEquals(service.asked.map(({ url, headers }) => [url, headers.get("authorization")?.split(":")[0]]), [
    ["/acct/jobs/messages?timeout=30", "SharedKey acct"],
    ["/acct/jobs?restype=container", "SharedKey acct"],
  ]);
});

test("the clients of both services send what was resolved: a SAS", async () => {
  await using service = new FakeService(accepted);
  const { access } = resolve({ sas: `?${SAS}`, endpoint: `${service.url}/acct` });
  await queueServiceClient(access).getQueueClient("jobs").sendMessage("text");
  const blobs = await blobServiceClient({ ...access, blobUrl: access.queueUrl });
  await blobs?.getContainerClient("jobs").create();
  assertEquals(service.asked.map(({ url }) => new URL(url, service.url).searchParams.get("sig")), [
    signature,
    signature,
  ]);
});

test("there is no blob client where the blob service is not known", async () => {
  const { access } = resolve({ endpoint: "https://queues.example.org" });
  assertEquals(await blobServiceClient(access), undefined);
});
