import { AccountSASPermissions, QueueServiceClient } from "@azure/storage-queue";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { connectionString, newQueueName } from "../support/azurite.ts";
import { runMain } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

/** A queue with one message, and all that opens it. */
async function opened() {
  const connection = await connectionString();
  const service = QueueServiceClient.fromConnectionString(connection);
  const client = service.getQueueClient(newQueueName());
  await client.create();
  await client.sendMessage("a message");
  const permissions = AccountSASPermissions.parse("rwdlacup");
  const signed = new URL(service.generateAccountSasUrl(undefined, permissions, "sco"));
  const [, key = ""] = /AccountKey=([^;]+)/.exec(connection) ?? [];
  const address = `${service.accountName}/${client.name}`;
  return { address, connection, sas: signed.search, endpoint: service.url.replace(/\/$/, ""), key };
}

type Opened = Awaited<ReturnType<typeof opened>>;
type Line = readonly [words: readonly string[], env?: Readonly<Record<string, string>>];

const WAYS: Readonly<Record<string, (queue: Opened) => Line>> = {
  "--conn-str before the queue": ({ address, connection }) => [["--conn-str", connection, address, "size"]],
  "--conn-str= before the queue": (
    { address, connection },
  ) => [[`--conn-str=${connection}`, address, "size"]],
  "--conn-str after the command": ({ address, connection }) => [[address, "size", "--conn-str", connection]],
  "--conn-str, with -q": ({ address, connection }) => [["size", "--conn-str", connection, "-q", address]],
  "--sas and --endpoint before the queue": ({ address, sas, endpoint }) => [
    ["--sas", sas, "--endpoint", endpoint, address, "size"],
  ],
  "--sas and --endpoint after the command": ({ address, sas, endpoint }) => [
    [address, "size", "--endpoint", endpoint, "--sas", sas.slice(1)],
  ],
  "--endpoint and a key of the environment": ({ address, endpoint, key }) => [
    [address, "size", "--endpoint", endpoint],
    { AZURE_STORAGE_KEY: key },
  ],
  "--conn-str though the environment has another": ({ address, connection }) => [
    [address, "size", "--conn-str", connection],
    { JOBQ_CONNECTION_STRING: "AccountName=other;AccountKey=b3RoZXI=" },
  ],
  "$JOBQ_STORAGE_QUEUE and $JOBQ_CONNECTION_STRING": ({ address, connection }) => [
    ["size"],
    { JOBQ_STORAGE_QUEUE: address, JOBQ_CONNECTION_STRING: connection },
  ],
};
for (const [how, lineOf] of Object.entries(WAYS)) {
  test(`a queue on Azure is reached with ${how}`, async () => {
    const [words, env] = lineOf(await opened());
    const { code, stdout, stderr } = await runMain(words, { env });
    assertEquals([code, stdout], [0, "1\n"], stderr);
  });
}

const FLAGS: Readonly<Record<string, string>> = {
  "--conn-str": "UseDevelopmentStorage=true",
  "--sas": "sv=1&sig=s3cret",
  "--endpoint": "core.windows.net",
};
for (const [flag, value] of Object.entries(FLAGS)) {
  test(`${flag} with a file is refused with 2, and the file is not made`, async () => {
    await using file = await QueueFile.make();
    const { code, stdout, stderr } = await file.jobq(["push", flag, value, "-c", "x"]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(
      stderr,
      `error: Cannot use ${flag} with "${file.path}": it is not on Azure\n` +
        "hint: name a queue like ACCOUNT/QUEUE or sb://NAMESPACE/QUEUE, or leave the option out\n",
    );
    assertEquals([...Deno.readDirSync(file.directory.path)], []);
  });

  test(`an empty ${flag} is refused with 2, as a variable that is not set gives it`, async () => {
    const { code, stderr } = await runMain(["account/queue", "size", flag, ""]);
    assertEquals([code, stderr], [
      2,
      `error: Cannot use ${flag}: it is empty\nhint: is a variable of your shell not set?\n`,
    ]);
  });
}

test("what the environment says of Azure does not hinder a file", async () => {
  await using file = await QueueFile.with("a");
  const env = { JOBQ_CONNECTION_STRING: "malformed", AZURE_STORAGE_KEY: "x", AZURE_STORAGE_SAS_TOKEN: "y" };
  assertEquals(await file.jobq(["size"], { env }), { code: 0, stdout: "1\n", stderr: "" });
});

test("--conn-str and --sas together are refused with 2", async () => {
  const { code, stderr } = await runMain(["account/queue", "size", "--conn-str", "a=b", "--sas", "sig=c"]);
  assertEquals(code, 2);
  assertMatch(stderr, /^error: Cannot use both --conn-str and --sas\nhint: give one of them; /);
});

test("a wrong key exits with 4, and is not taken for an empty queue", async () => {
  const { address, connection, key } = await opened();
  const wrong = connection.replace(key, btoa("x".repeat(64)));
  for (
    const words of [["size"], ["peek"], ["push", "-c", "x"], ["clear", "--yes"], ["pull"], ["dead", "list"]]
  ) {
    const { code, stdout, stderr } = await runMain(["--conn-str", wrong, address, ...words]);
    assertEquals([code, stdout], [4, ""], `${words}: ${stderr}`);
    assertMatch(
      stderr,
      /error: Cannot .*: the service does not accept the credentials\nhint: the key is wrong/,
    );
  }
});

test("a connection string of another account exits with 2 and says which address fits", async () => {
  const { connection } = await opened();
  const { code, stderr } = await runMain(["--conn-str", connection, "another/queue", "size"]);
  assertEquals(code, 2);
  assertMatch(stderr, /is of the account "devstoreaccount1"\nhint: use the address devstoreaccount1\/QUEUE/);
});

test("an expired SAS exits with 4 and says since when", async () => {
  const { address, endpoint } = await opened();
  const sas = "sv=2024-11-04&se=2020-01-01T00%3A00%3A00Z&sp=r&sig=c2ln";
  const { code, stderr } = await runMain(["--sas", sas, "--endpoint", endpoint, address, "size"]);
  assertEquals(code, 4);
  assertMatch(stderr, /the SAS of --sas expired at 2020-01-01T00:00:00\.000Z\nhint: /);
});
