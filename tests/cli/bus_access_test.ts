import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { jobq } from "../support/jobq.ts";
import { hasOpenssl, makeCertificate } from "../support/service_bus_broker/certificate.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test, testWhere } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";

type Line = readonly [words: readonly string[], env?: Readonly<Record<string, string>>];

const WAYS: Readonly<Record<string, (address: string, connection: string) => Line>> = {
  "--conn-str before the queue": (address, connection) => [["--conn-str", connection, address, "size"]],
  "--conn-str= after the command": (address, connection) => [[address, "size", `--conn-str=${connection}`]],
  "--conn-str, with -q": (address, connection) => [["size", "--conn-str", connection, "-q", address]],
  "$JOBQ and $JOBQ_CONNECTION_STRING": (address, connection) => [
    ["size"],
    { JOBQ: address, JOBQ_CONNECTION_STRING: connection },
  ],
  "$JOBQ_STORAGE_QUEUE, as ai4s-jobq names it": (address, connection) => [
    ["size"],
    { JOBQ_STORAGE_QUEUE: address, JOBQ_CONNECTION_STRING: connection },
  ],
  "--transport amqp": (
    address,
    connection,
  ) => [["--transport", "amqp", address, "size", "--conn-str", connection]],
};
for (const [how, lineOf] of Object.entries(WAYS)) {
  test(`a Service Bus queue is reached with ${how}`, async () => {
    await using queue = await BusQueue.with("a");
    const [words, env] = lineOf(queue.address, queue.broker.connectionString);
    const { code, stdout, stderr } = await runMain(words, { env });
    assertEquals([code, stdout], [0, "1\n"], stderr);
  });
}

test("a SAS that is made with a key of the namespace opens it", async () => {
  await using queue = await BusQueue.with("true");
  const words = ["--sas", await sasOf(queue), "--endpoint", `http://${queue.broker.host}`, queue.address];
  for (const [command, said] of [[["size"], "1\n"], [["pull", "--quiet"], ""]] as const) {
    const { code, stdout, stderr } = await runMain([...words, ...command]);
    assertEquals([code, stdout], [0, said], stderr);
  }
});

/** For an hour, as the SDKs sign it: https://learn.microsoft.com/rest/api/eventhub/generate-sas-token */
async function sasOf({ broker }: BusQueue): Promise<string> {
  const [, name = "", value = ""] = /SharedAccessKeyName=([^;]+);SharedAccessKey=([^;]+)/.exec(
    broker.connectionString,
  ) ?? [];
  const encoder = new TextEncoder();
  const resource = encodeURIComponent(`sb://${broker.host}/`);
  const expiry = Math.ceil(Date.now() / 1000) + 3_600;
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(value),
    { name: "HMAC", hash: "SHA-256" },
    false,
    [
      "sign",
    ],
  );
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(`${resource}\n${expiry}`));
  const sig = encodeURIComponent(new Uint8Array(signature).toBase64());
  return `SharedAccessSignature sr=${resource}&sig=${sig}&se=${expiry}&skn=${name}`;
}

test("a wrong key exits with 4, and is not taken for an empty queue", async () => {
  await using queue = await BusQueue.with("a");
  const wrong = queue.broker.connectionString.replace(
    /SharedAccessKey=[^;]+/,
    `SharedAccessKey=${btoa("x".repeat(32))}`,
  );
  for (
    const words of [["size"], ["peek"], ["push", "-c", "x"], ["clear", "--yes"], ["pull"], ["dead", "list"]]
  ) {
    const { code, stdout, stderr } = await runMain(["--conn-str", wrong, queue.address, ...words]);
    assertEquals([code, stdout], [4, ""], `${words}: ${stderr}`);
    assertMatch(stderr, /error: Cannot .*\nhint: /);
  }
});

test("a connection string of another namespace exits with 2 and says which address fits", async () => {
  await using queue = await BusQueue.place();
  const { code, stderr } = await runMain(["sb://another/q", "size"], { env: queue.env });
  assertEquals(code, 2);
  assertMatch(stderr, /is of the namespace "[^"]+"\nhint: use the address sb:\/\//);
});

test("a connection string of a storage account exits with 2", async () => {
  const { code, stderr } = await runMain([
    "sb://fleet/q",
    "size",
    "--conn-str",
    "UseDevelopmentStorage=true",
  ]);
  assertEquals(code, 2);
  assertMatch(stderr, /is one of a storage account\nhint: .*ACCOUNT\/QUEUE/);
});

test("who may only send can push to a queue that is there, and is told what it lacks to run jobs", async () => {
  await using queue = await BusQueue.with();
  const env = { JOBQ_CONNECTION_STRING: queue.broker.addKey("sender", ["send"]) };
  const pushed = await queue.jobq(["push", "--quiet", "-c", "x"], { env });
  assertEquals([pushed.code, queue.commands], [0, ["x"]], pushed.stderr);
  const { code, stdout, stderr } = await queue.jobq(["pull"], { env });
  assertEquals([code, stdout], [4, ""], stderr);
  assertMatch(stderr, /hint: [^\n]*Listen/i);
});

test("who may only send cannot make a queue: exit code 3, and the right that it takes", async () => {
  await using queue = await BusQueue.place();
  const env = { JOBQ_CONNECTION_STRING: queue.broker.addKey("sender", ["send"]) };
  const { code, stdout, stderr } = await queue.jobq(["push", "-c", "x"], { env });
  assertEquals([code, stdout, queue.exists], [3, "", false], stderr);
  assertMatch(
    stderr,
    /there is no such queue, and the credentials do not allow to make it\nhint: [^\n]*Manage/,
  );
});

test("who may only listen can run jobs of a queue that is there", async () => {
  await using queue = await BusQueue.with("echo 1", "exit 1");
  const env = { JOBQ_CONNECTION_STRING: queue.broker.addKey("listener", ["listen"]) };
  const { code, stdout, stderr } = await queue.jobq(["worker", "--quiet"], { env });
  assertEquals([code, stdout, queue.view.all, queue.dead.length], [0, "1\n", [], 1], stderr);
});

test("who may only listen can count the jobs, and cannot requeue the dead ones: exit code 4", async () => {
  await using queue = await BusQueue.with("exit 1", "b");
  await queue.jobq(["pull", "--quiet"]);
  await queue.jobq(["push", "--delay", "1h", "-c", "later"]);
  const env = { JOBQ_CONNECTION_STRING: queue.broker.addKey("listener", ["listen"]) };
  assertEquals(
    (await queue.jobq(["size", "--json"], { env })).stdout,
    '{"active":1,"delayed":1,"failed":1}\n',
  );
  const { code, stderr } = await queue.jobq(["dead", "requeue", "--all"], { env });
  assertEquals([code, queue.dead.length], [4, 1]);
  assertMatch(stderr, /hint: [^\n]*Send/);
  assertEquals((await queue.jobq(["dead", "purge", "--all", "--yes"])).stderr, "removed 1 dead letter\n");
});

for (const transport of ["amqp", "ws"] as const) {
  const what = `push and pull go through TLS with --transport ${transport}`;
  testWhere(hasOpenssl, "openssl", what, async () => {
    await using dir = await TempDir.make();
    const certificate = await makeCertificate(dir);
    await using queue = await BusQueue.place("q", { queues: ["q"], certificate });
    const env = { ...queue.env, NODE_EXTRA_CA_CERTS: certificate.path };
    const line = ["--quiet", "--transport", transport, queue.address];
    const pushed = await jobq([...line, "push", "-c", "echo 1"], { env });
    assertEquals([pushed.code, queue.commands], [0, ["echo 1"]], pushed.stderr);
    const { code, stdout, stderr } = await jobq([...line, "pull"], { env });
    assertEquals([code, stdout, queue.view.all], [0, "1\n", []], stderr);
  });
}

test("--transport ws to the emulator exits with 2: it has none", async () => {
  await using queue = await BusQueue.with("a");
  const { code, stdout, stderr } = await queue.jobq(["size", "--transport", "ws"]);
  assertEquals([code, stdout], [2, ""]);
  assertMatch(stderr, /^error: Cannot use --transport ws [^\n]*emulator[^\n]*\nhint: /);
});

test("a namespace that cannot be reached exits with 5, soon, and names the host", async () => {
  await using queue = await BusQueue.place();
  await queue.broker.down();
  const before = Date.now();
  const { code, stdout, stderr } = await queue.jobq(["size"]);
  assertEquals([code, stdout], [5, ""], stderr);
  assertMatch(stderr, /error: Cannot .*"sb:\/\/localhost:\d+\/q"/);
  assert(Date.now() - before < 60_000);
  await queue.broker.up();
});
