import type { Connect } from "../../../src/backends/ssh/channel.ts";
import { PROTOCOL } from "../../../src/backends/ssh/messages.ts";
import { openRemoteQueue } from "../../../src/backends/ssh/remote_queue.ts";
import { AccessDeniedError, BackendError, JobqError, QueueNotFoundError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { CuttablePipe } from "./cuttable_pipe.ts";
import { ServedFile } from "./served_file.ts";

const NAME = "ssh://host/jobs.db";

/** A channel to something that says this, and ends, for the reason given if there is one. */
function saying(
  text: string,
  { failure, ends = true }: { failure?: JobqError; ends?: boolean } = {},
): Connect {
  return () => {
    const fromServer = new CuttablePipe();
    const writer = fromServer.writable.getWriter();
    const spoken = writer.write(new TextEncoder().encode(text)).then(
      () => ends && fromServer.cut(),
      () => {},
    );
    return Promise.resolve({
      readable: fromServer.readable,
      writable: new WritableStream<Uint8Array>(),
      close: async () => {
        fromServer.cut();
        await spoken;
      },
      failure: () => Promise.resolve(failure ?? new BackendError("Cannot reach the host: it ended")),
    });
  };
}

test("what a login shell prints before the hello is skipped", async () => {
  for (const banner of ['Welcome!\n\n  {"jobq": 1}\n', "no end of line", "\u001b[2J\n", "x".repeat(60_000)]) {
    await using file = await ServedFile.make();
    file.onConnect = ({ toClient }) => toClient.say(banner);
    await using queue = await openRemoteQueue(file.connector(), { name: NAME });
    assertEquals((await queue.enqueue([shellJob()])).length, 1);
  }
});

test("a text without end instead of a hello is refused", async () => {
  const connect = saying("Enter your second factor: ".repeat(4_000), { ends: false });
  const { message } = await assertRejects(openRemoteQueue(connect, { name: NAME }), BackendError);
  assert(
    message.startsWith(`Cannot open "${NAME}": `) && message.includes("Enter your second factor"),
    message,
  );
});

test("lines without a hello among them are refused after 64 KiB", async () => {
  const connect = saying("nothing\n".repeat(20_000), { ends: false });
  await assertRejects(openRemoteQueue(connect, { name: NAME }), BackendError);
});

test("what came instead of a hello is told with why the channel ended", async () => {
  const connect = saying("This account is \u001b[1mnot available.\n");
  const { message } = await assertRejects(openRemoteQueue(connect, { name: NAME }), BackendError);
  assertEquals(message, 'Cannot reach the host: it ended; it said "This account is  [1mnot available."');
});

test("a channel that ended for a known reason tells that", async () => {
  const failure = new AccessDeniedError("Cannot log in: no key fits");
  for (const text of ["", "banner\n"]) {
    const connect = saying(text, { failure });
    assertEquals(await assertRejects(openRemoteQueue(connect, { name: NAME }), AccessDeniedError), failure);
  }
});

test("another version of the protocol is refused, and both versions are told", async () => {
  for (
    const [protocol, hint] of [[PROTOCOL + 1, "there to here"], [PROTOCOL - 1, "here to there"]] as const
  ) {
    const connect = saying(`{"jobq":"hello","protocol":${protocol},"version":"9.8.7"}\n`);
    const error = await assertRejects(openRemoteQueue(connect, { name: NAME }), BackendError);
    assert(error.message.includes(`9.8.7 on the other side speaks version ${protocol}`), error.message);
    assert(error.hint?.includes(hint), error.hint);
  }
});

test("why the queue cannot be opened over there is told here", async () => {
  await using file = await ServedFile.make();
  const connect = file.connector(undefined, {
    open: () =>
      Promise.reject(new QueueNotFoundError('Cannot open "x": there is none', { hint: "push first" })),
  });
  const error = await assertRejects(openRemoteQueue(connect, { name: NAME }), QueueNotFoundError);
  assertEquals([error.message, error.hint], ['Cannot open "x": there is none', "push first"]);
});

test("a channel that never says anything is given up", async () => {
  const clock = new ManualClock();
  const opening = assertRejects(
    openRemoteQueue(saying("", { ends: false }), { name: NAME, clock }),
    BackendError,
  );
  await clock.untilSleeping();
  await clock.advance(120_000);
  const { message, transient } = await opening;
  assert(transient && message.includes("does not answer"), message);
  assertEquals(clock.sleepers, 0);
});

test("opening ends when its signal is aborted", async () => {
  const controller = new AbortController();
  const opening = openRemoteQueue(saying("", { ends: false }), { name: NAME, signal: controller.signal });
  controller.abort(new Error("enough"));
  assertEquals((await assertRejects(opening, Error)).message, "enough");
});

test("a queue has the capabilities of the one over there, but for outages", async () => {
  await using file = await ServedFile.make();
  await using near = await openRemoteQueue(file.connector(), { name: NAME });
  await using far = await file.open();
  assertEquals(near.capabilities, { ...far.capabilities, sharedOutages: false });
  assertEquals([near.name, near.logs?.place, near.leaseMany], [NAME, far.logs?.place, undefined]);
});
