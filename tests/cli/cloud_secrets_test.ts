import { AccountSASPermissions, QueueServiceClient } from "@azure/storage-queue";
import { assert, assertEquals } from "../support/assert.ts";
import { connectionString, newQueueName } from "../support/azurite.ts";
import { runMain } from "../support/fake_io.ts";
import { jobq } from "../support/jobq.ts";
import { test } from "../support/testing.ts";

/** Ways into Azurite's account. */
interface Keys {
  readonly connection: string;
  readonly key: string;
  readonly sas: string;
  readonly endpoint: string;
}

async function keys(): Promise<Keys> {
  const connection = await connectionString();
  const service = QueueServiceClient.fromConnectionString(connection);
  const permissions = AccountSASPermissions.parse("rwdlacup");
  const { search } = new URL(service.generateAccountSasUrl(undefined, permissions, "sco"));
  const [, key = ""] = /AccountKey=([^;]+)/.exec(connection) ?? [];
  return { connection, key, sas: search, endpoint: service.url.replace(/\/$/, "") };
}

/** As long as a key, and none. */
const WRONG_KEY = btoa("wrong key! ".repeat(6).slice(0, 64));
const EXPIRED = "sv=2024-11-04&se=2020-01-01T00%3A00%3A00Z&sp=r&sig=" +
  "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2ln";

/** Fails when the text holds a key or a signature, or any longer part of one. */
function assertKeepsSecrets(text: string, { key, sas, connection }: Keys): void {
  const signature = new URLSearchParams(sas).get("sig") ?? "";
  const parts = [key, WRONG_KEY, signature, encodeURIComponent(signature), "c2lnbmF0dXJl"];
  for (const secret of parts) assert(!text.includes(secret.slice(0, 12)), `a secret stands in: ${text}`);
  assert(!text.includes(connection), text);
}

const COMMANDS: readonly (readonly string[])[] = [
  ["push", "-c", "true", "-c", "exit 1", "-c", "true"],
  ["size", "--json"],
  ["peek"],
  ["peek", "--json", "-n", "-1"],
  ["pull"],
  ["worker"],
  ["dead", "list"],
  ["dead", "list", "--json"],
  ["dead", "requeue", "--all"],
  ["clear"],
  ["clear", "--yes"],
  ["dead", "purge", "--all", "--yes"],
  ["list"],
  ["status", "1"],
  ["run", "-c", "true"],
  ["logs", "1"],
];

type Way = (keys: Keys) => { readonly words?: readonly string[]; readonly env?: Record<string, string> };

const WAYS: Readonly<Record<string, Way>> = {
  "--conn-str": ({ connection }) => ({ words: ["--conn-str", connection] }),
  "--sas": ({ sas, endpoint }) => ({ words: ["--sas", sas, "--endpoint", endpoint] }),
  "$JOBQ_CONNECTION_STRING": ({ connection }) => ({ env: { JOBQ_CONNECTION_STRING: connection } }),
  "$AZURE_STORAGE_SAS_TOKEN": ({ sas, endpoint }) => ({
    words: ["--endpoint", endpoint],
    env: { AZURE_STORAGE_SAS_TOKEN: sas },
  }),
  "$AZURE_STORAGE_KEY": ({ key, endpoint }) => ({
    words: ["--endpoint", endpoint],
    env: { AZURE_STORAGE_KEY: key },
  }),
  "a wrong key": ({ connection, key }) => ({ words: ["--conn-str", connection.replace(key, WRONG_KEY)] }),
  "an expired SAS": ({ endpoint }) => ({ words: ["--sas", EXPIRED, "--endpoint", endpoint] }),
};
for (const [how, way] of Object.entries(WAYS)) {
  test(`no command shows a secret of ${how}, not even with -vv`, async () => {
    const secrets = await keys();
    const { words = [], env } = way(secrets);
    const address = `devstoreaccount1/${newQueueName()}`;
    for (const command of COMMANDS) {
      const { stdout, stderr } = await runMain([...words, address, ...command, "-vv"], { env });
      assert(stdout + stderr !== "", command.join(" "));
      assertKeepsSecrets(stdout + stderr, secrets);
    }
  });
}

test("a worker's log holds no secret, not even with -vv in JSON", async () => {
  const secrets = await keys();
  const address = `devstoreaccount1/${newQueueName()}`;
  const env = { JOBQ_CONNECTION_STRING: secrets.connection };
  await jobq([address, "push", "-e", "TOKEN=hunter2", "-c", "exit 1", "-c", "true"], { env });
  const { stdout, stderr } = await jobq([address, "worker", "-vv", "--log-format", "json"], { env });
  assert(stderr.includes("failed for good"), stderr);
  assertKeepsSecrets(stdout + stderr, secrets);
  assert(!stderr.includes("hunter2"), stderr);
});

/** Command lines that are wrong in a way that may tempt an error to quote them. */
const WRONG: Readonly<Record<string, (keys: Keys) => readonly string[]>> = {
  "a connection string without =": ({ connection }) => [
    "--conn-str",
    connection.replaceAll("AccountKey=", "AccountKey"),
  ],
  "a key for a connection string": ({ key }) => ["--conn-str", key],
  "a connection string with a key cut short": ({ connection, key }) => [
    "--conn-str",
    connection.replace(key, key.slice(0, -5)),
  ],
  "a connection string without its account": ({ connection }) => [
    "--conn-str",
    connection.replace(/AccountName=\w+;/, ""),
  ],
  "a connection string with an endpoint that is no URL": ({ connection }) => [
    "--conn-str",
    connection.replace("QueueEndpoint=http", "QueueEndpoint=ftp"),
  ],
  "a connection string twice": ({ connection }) => ["--conn-str", connection, "--conn-str", connection],
  "a connection string and a SAS": ({ connection, sas }) => ["--conn-str", connection, "--sas", sas],
  "a connection string for an endpoint": ({ connection }) => ["--endpoint", connection],
  "a key for an endpoint": ({ key }) => ["--endpoint", key],
  "an endpoint with a SAS": ({ endpoint, sas }) => ["--sas", sas, "--endpoint", `${endpoint}${sas}`],
  "a whole URL for a SAS": ({ endpoint, sas }) => ["--sas", `${endpoint}${sas}`],
  "a connection string for a SAS": ({ connection }) => ["--sas", connection],
  "a connection string for a queue": ({ connection }) => ["-q", connection],
  "a key for a queue": ({ key }) => ["-q", key],
  "a SAS for a queue": ({ sas }) => ["-q", sas],
  "a URL with a SAS for a queue": ({ endpoint, sas }) => ["-q", `${endpoint}/queue${sas}`],
  "an unknown option with a SAS": ({ sas }) => [`--sass=${sas}`],
};
for (const [what, wordsOf] of Object.entries(WRONG)) {
  test(`the error about ${what} shows no secret, not even with -vv`, async () => {
    const secrets = await keys();
    const given = wordsOf(secrets);
    const words = given.includes("-q")
      ? ["peek", "-vv", ...given]
      : ["account/queue", "peek", "-vv", ...given];
    const { code, stdout, stderr } = await runMain(words);
    assertEquals([code, stdout], [2, ""], stderr);
    assertKeepsSecrets(stderr, secrets);
  });
}

test("the error about a connection string before the command shows no secret", async () => {
  const secrets = await keys();
  const { code, stderr } = await runMain([secrets.connection, "size", "-vv"]);
  assertEquals(code, 2);
  assertKeepsSecrets(stderr, secrets);
});

test("the error about a push that fails midway shows no secret", async () => {
  const secrets = await keys();
  const wrong = secrets.connection.replace(secrets.key, WRONG_KEY);
  const address = `devstoreaccount1/${newQueueName()}`;
  const { code, stderr } = await runMain(["--conn-str", wrong, address, "push", "-vv"], { stdin: "a\nb\n" });
  assertEquals(code, 4);
  assertKeepsSecrets(stderr, secrets);
});

/** Command lines with a secret where a command, or nothing, is expected. */
const MISPLACED: Readonly<Record<string, (keys: Keys) => readonly string[]>> = {
  "a connection string for a command": ({ connection }) => ["account/queue", connection],
  "a SAS for a command": ({ sas }) => ["account/queue", sas, "size"],
  "a key for a command": ({ key }) => ["account/queue", key],
  "a connection string after a command": ({ connection }) => ["account/queue", "size", connection],
  "a SAS after a command": ({ sas }) => ["account/queue", "size", sas],
  "a key after a command": ({ key }) => ["account/queue", "size", key],
};
for (const [what, wordsOf] of Object.entries(MISPLACED)) {
  test(`the error about ${what} shows no secret`, async () => {
    const secrets = await keys();
    const { code, stdout, stderr } = await runMain(wordsOf(secrets));
    assertEquals([code, stdout], [2, ""], stderr);
    assertKeepsSecrets(stderr, secrets);
  });
}
