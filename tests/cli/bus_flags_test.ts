import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";
import { CloudQueue } from "./cloud_queue.ts";

for (const transport of ["amqp", "ws"]) {
  test(`--transport ${transport} with a file is refused with 2, and the file is not made`, async () => {
    await using file = await QueueFile.make();
    const { code, stdout, stderr } = await file.jobq(["push", "--transport", transport, "-c", "x"]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(
      stderr,
      `error: Cannot use --transport with "${file.path}": it is not on Azure Service Bus\n` +
        "hint: name a queue like sb://NAMESPACE/QUEUE, or leave the option out\n",
    );
    assertEquals([...Deno.readDirSync(file.directory.path)], []);
  });
}

test("--transport with a storage queue is refused with 2, before anything is sent", async () => {
  const { code, stderr } = await runMain(["--transport", "ws", "account/queue", "size"]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^error: Cannot use --transport with "account\/queue": it is not on Azure Service Bus\n/,
  );
});

const BAD: Readonly<Record<string, RegExp>> = {
  "size --transport tcp":
    /^error: Cannot use "tcp" for --transport: it is not one of the choices\nhint: one of amqp, ws\n$/,
  "push --lock-duration 4s -c x":
    /^error: Cannot use "4s" for --lock-duration: it is shorter than 5s\nhint: Azure Service Bus takes 5s to 5m; /,
  "push --lock-duration 301s -c x": /Cannot use "301s" for --lock-duration: it is longer than 5m\n/,
  "worker --lock-duration 6m": /Cannot use "6m" for --lock-duration: it is longer than 5m\n/,
  "pull --lock-duration 0": /Cannot use "0" for --lock-duration: it is shorter than 5s\n/,
  "run --lock-duration soon -c x": /Cannot use "soon" for --lock-duration: "soon" is not a duration\n/,
  "push --dedup-window 19s -c x":
    /^error: Cannot use "19s" for --dedup-window: it is shorter than 20s\nhint: Azure Service Bus takes 20s to 7d; 0 takes no jobs for one\n$/,
  "push --dedup-window 8d -c x": /Cannot use "8d" for --dedup-window: it is longer than 7d\n/,
};
for (const [line, said] of Object.entries(BAD)) {
  test(`${line} exits with 2 before anything is opened`, async () => {
    await using queue = await BusQueue.place();
    const { code, stdout, stderr } = await queue.jobq(line.split(" "));
    assertEquals([code, stdout, queue.exists], [2, "", false]);
    assertMatch(stderr, said);
  });
}

/** Options that mean something on Service Bus, and what is said of them elsewhere. */
const IDLE: Readonly<Record<string, RegExp>> = {
  "push --dedup-window 0 -c true": /only Azure Service Bus takes equal jobs for one\n$/,
  "push --lock-duration 5m -c true": /only on Azure Service Bus .* a worker's --visibility-timeout does\n$/,
  "pull --lock-duration 5m": /only on Azure Service Bus .* a worker's --visibility-timeout does\n$/,
  "worker --lock-duration 30s": /only on Azure Service Bus .* a worker's --visibility-timeout does\n$/,
};
for (const [line, reason] of Object.entries(IDLE)) {
  test(`${line} is said to have no effect on a file and on a storage queue, in one line, also with --quiet`, async () => {
    await using file = await QueueFile.with("true");
    const words = [...line.split(" "), "--quiet"];
    const cloud = await CloudQueue.with("true");
    for (const queue of [file, cloud]) {
      const { code, stderr } = await queue.jobq(words);
      assertEquals([code, stderr.match(/\n/g)?.length], [0, 1], stderr);
      assertMatch(stderr, /^\d\d:\d\d:\d\d warn: --(?:dedup-window|lock-duration) has no effect on [^\n]*: /);
      assertMatch(stderr, reason);
    }
  });
}

test("run --lock-duration is said to have no effect on a file, and the command runs", async () => {
  await using file = await QueueFile.make();
  const { code, stdout, stderr } = await file.jobq([
    "run",
    "--quiet",
    "--lock-duration",
    "5m",
    "-c",
    "echo 1",
  ]);
  assertEquals([code, stdout], [0, "1\n"]);
  assertMatch(stderr, /warn: --lock-duration has no effect on [^\n]*\n$/);
});

test("--new-id is said to have no effect on a file, whose jobs have ids of their own", async () => {
  await using file = await QueueFile.make();
  const { code, stderr } = await file.jobq(["push", "--new-id", "-c", "true"]);
  assertEquals(code, 0);
  assertMatch(stderr, /^\S+ warn: --new-id has no effect on [^\n]*: each job has an id of its own there\n$/);
});

test("nothing is said of options that were not given", async () => {
  await using file = await QueueFile.make();
  assertEquals((await file.jobq(["push", "-c", "true"])).stderr, "");
  assertEquals((await file.jobq(["pull", "--quiet", "--visibility-timeout", "1m"])).stderr, "");
});

test("push --help and worker --help name the options of Service Bus and their limits", async () => {
  const push = (await runMain(["push", "--help"])).stdout;
  assertMatch(push, /--transport amqp\|ws .*5671.*443/);
  assertMatch(push, /--lock-duration DURATION .*5s to 5m \(default 5m\)/);
  assertMatch(push, /--dedup-window DURATION .*20s to 7d.*\(default 7d\)/);
  assert((await runMain(["worker", "--help"])).stdout.includes("--lock-duration"));
});
