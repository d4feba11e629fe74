import { main } from "../../src/cli/main.ts";
import { assert, assertBetween, assertEquals, assertMatch } from "../support/assert.ts";
import { connectionString } from "../support/azurite.ts";
import { FakeIo } from "../support/fake_io.ts";
import { FlakyProxy } from "../support/flaky_proxy.ts";
import type { FaultOptions } from "../support/flaky_proxy/fault.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { CloudQueue } from "./cloud_queue.ts";

const DENIED = { kind: "answer", status: 403, code: "AuthorizationPermissionMismatch" } as const;
const HINT = /assign the role "Storage Queue Data Contributor"/;

/** A queue that is there, behind a proxy that passes the first `skip` sends on and refuses those after them. */
async function refusing(
  { skip, times = Infinity }: Pick<FaultOptions, "skip" | "times">,
): Promise<{ proxy: FlakyProxy; queue: CloudQueue }> {
  const proxy = await FlakyProxy.start(await connectionString());
  const queue = await CloudQueue.place(proxy.connectionString);
  await queue.create();
  proxy.fault(DENIED, { method: "POST", skip, times });
  return { proxy, queue };
}

const idsIn = (stdout: string) => stdout.match(/^[0-9a-f]{32}$/gm) ?? [];
const idsOn = async (queue: CloudQueue) => (await queue.texts()).map((text): string => JSON.parse(text).id);

test("lines that cannot be sent are named, those before them are printed, and the exit code is that of the reason", async () => {
  const { proxy, queue } = await refusing({ skip: 3 });
  await using _ = proxy;
  const stdin = "a\nb\n\nc\nd\ne\nf\n";
  const { code, stdout, stderr } = await queue.jobq(["push", "--num-workers", "1"], { stdin });
  assertEquals([code, idsIn(stdout)], [4, await idsOn(queue)]);
  assertMatch(
    stderr,
    /^error: Cannot push 1 of 4 jobs to "devstoreaccount1\/test-.*" \(line 5 of standard input\), nor any after line 5: the credentials do not allow it\n/,
  );
  assertMatch(stderr, /\nhint: the 3 others were pushed; push the rest with sed -n '5,\$p' FILE; /);
  assertMatch(stderr, HINT);
  assertEquals(await queue.commands(), ["a", "b", "c"]);
});

test("a line that comes alone and cannot be sent is named, too", async () => {
  const { proxy, queue } = await refusing({ skip: 2 });
  await using _ = proxy;
  const { code, stdout, stderr } = await queue.jobq(["push"], { stdin: ["a\n", "b\n", "c\n", "d\n"] });
  assertEquals([code, idsIn(stdout).length], [4, 2]);
  assertMatch(
    stderr,
    /Cannot push 1 of 3 jobs to .* \(line 3 of standard input\), nor any after line 3: the/,
  );
  assertMatch(stderr, /hint: the 2 others were pushed; push the rest with sed -n '3,\$p' FILE; /);
});

test("lines of which none can be sent end with the reason's code, and nothing was pushed", async () => {
  const { proxy, queue } = await refusing({ skip: 0 });
  await using _ = proxy;
  const { code, stdout, stderr } = await queue.jobq(["push", "--num-workers", "2"], { stdin: "a\nb\nc\n" });
  assertEquals([code, stdout], [4, ""]);
  assertMatch(stderr, /\nhint: nothing was pushed; /);
  assertEquals(await queue.texts(), []);
});

test("a refused line is not what is told of a push that failed before it", async () => {
  const { proxy, queue } = await refusing({ skip: 1 });
  await using _ = proxy;
  const { code, stderr } = await queue.jobq(["push", "--num-workers", "1"], { stdin: "a\nb\n{\n" });
  assertEquals(code, 4);
  assertMatch(stderr, /Cannot push 1 of 2 jobs to .* \(line 2 of standard input\)/);
});

test("commands that cannot be sent are named, and the ids of the others printed", async () => {
  const { proxy, queue } = await refusing({ skip: 2, times: 1 });
  await using _ = proxy;
  const words = ["push", "--num-workers", "1", ..."abcde".split("").flatMap((command) => ["-c", command])];
  const { code, stdout, stderr } = await queue.jobq(words);
  assertEquals([code, idsIn(stdout)], [4, await idsOn(queue)]);
  assertMatch(
    stderr,
    /^error: Cannot push 3 of 5 jobs to ".*" \(commands 3-5\): the credentials do not allow it\n/,
  );
  assertMatch(stderr, /\nhint: push those again; assign the role/);
  assertEquals(await queue.commands(), ["a", "b"]);
});

test("push --json prints the ids of a push that failed midway as objects", async () => {
  const { proxy, queue } = await refusing({ skip: 1 });
  await using _ = proxy;
  const { stdout } = await queue.jobq(["push", "--json", "--num-workers", "1", "-c", "a", "-c", "b"]);
  assertEquals(stdout, (await idsOn(queue)).map((id) => `${JSON.stringify({ id })}\n`).join(""));
});

test("push to a service that goes away ends with 5 within a minute, and what it says to push again completes it", async () => {
  await using proxy = await FlakyProxy.start(await connectionString());
  const queue = await CloudQueue.place(proxy.connectionString);
  await queue.create();
  proxy.fault({ kind: "cut" }, { method: "POST", skip: 7, times: Infinity });
  const lines = Array.from({ length: 20 }, (_, index) => `echo ${index}\n`);
  const started = performance.now();
  const { code, stdout, stderr } = await queue.jobq(["push", "--num-workers", "3"], {
    stdin: lines.join(""),
  });
  assertEquals([code, idsIn(stdout).toSorted()], [5, (await idsOn(queue)).toSorted()]);
  assertBetween(performance.now() - started, 1_000, 60_000);
  assertMatch(
    stderr,
    /error: Cannot push 3 of 10 jobs to .* \(lines .*\), nor any after line 10: the connection was/,
  );
  assertMatch(
    stderr,
    /hint: the 7 others were pushed; .*; a job whose answer got lost may be on the queue all/,
  );
  const [, script = ""] = /sed -n '(.*?)'/.exec(stderr) ?? [];
  proxy.heal();
  await queue.jobq(["push"], { stdin: await sed(script, lines.join("")) });
  assertEquals((await queue.commands()).toSorted(), lines.map((line) => line.trim()).toSorted());
});

test("push stops reading when it has failed, though its input goes on", async () => {
  const { proxy, queue } = await refusing({ skip: 1 });
  await using _ = proxy;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("a\n")),
    cancel: () => void (cancelled = true),
  });
  const fake = new FakeIo({ env: queue.env });
  assertEquals(await main([queue.address, "push"], { ...fake.io, stdin: () => endless }), 4);
  assert(cancelled);
});

for (const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  test(`push on ${signal} prints the ids of what is on the queue, says what is not, and exits with ${expected}`, async () => {
    await using proxy = await FlakyProxy.start(await connectionString());
    const queue = await CloudQueue.place(proxy.connectionString);
    await queue.create();
    proxy.fault({ kind: "delay", ms: 60_000 }, { method: "POST", skip: 5, times: Infinity });
    const stdin = Array.from({ length: 40 }, (_, index) => `echo ${index}\n`).join("");
    const fake = new FakeIo({ stdin, env: queue.env });
    const ended = main([queue.address, "push", "--num-workers", "3"], fake.io);
    await waitUntil(() => proxy.requests.filter(({ fault }) => fault === "delay").length === 3);
    fake.handlers.get(signal)?.();
    assertEquals([await ended, fake.handlers.size], [expected, 0]);
    assertEquals(idsIn(fake.stdout.text).toSorted(), (await idsOn(queue)).toSorted());
    assertEquals(idsIn(fake.stdout.text).length, 5);
    assertMatch(
      fake.stderr.text,
      /error: Cannot push 3 of 8 jobs .*, nor any after line 8: it was interrupted\n/,
    );
    assertMatch(
      fake.stderr.text,
      /hint: the 5 others were pushed; .*; a job whose answer got lost may be on/,
    );
  });
}

test("a signal ends a push that waits for standard input as it ends any program", async () => {
  const queue = await CloudQueue.place();
  const fake = new FakeIo({ env: queue.env });
  let write = (_text: string) => {};
  let close = () => {};
  const stdin = new ReadableStream<Uint8Array>({
    start: (controller) => {
      write = (text) => controller.enqueue(new TextEncoder().encode(text));
      close = () => controller.close();
    },
  });
  const ended = main([queue.address, "push"], { ...fake.io, stdin: () => stdin });
  write("echo 1\n");
  await waitUntil(() => idsIn(fake.stdout.text).length === 1);
  assertEquals(fake.handlers.size, 0);
  close();
  assertEquals(await ended, 0);
});

async function sed(script: string, text: string): Promise<string> {
  const child = new Deno.Command("sed", { args: ["-n", script], stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}
