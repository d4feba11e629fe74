import { LiveLine } from "../../src/cli/live_line.ts";
import type { Job } from "../../src/core/job.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeIo, FakeStream } from "../support/fake_io.ts";
import { jobDetails } from "../support/job_details.ts";
import { onTerminal } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

const JOB: Job = jobDetails({ state: "running" });

/** A live line on a terminal whose two streams go to one screen; it is drawn when the test says so. */
class Terminal implements Disposable {
  readonly screen = new FakeStream();
  readonly live: LiveLine;
  #draw = () => {};

  constructor({ columns = 80 } = {}) {
    const { io } = new FakeIo({ terminals: ["stdout", "stderr"], columns });
    const { setInterval } = globalThis;
    globalThis.setInterval = ((draw: () => void) => {
      this.#draw = draw;
      return 0;
    }) as unknown as typeof setInterval;
    try {
      this.live = new LiveLine({ ...io, stdout: this.screen, stderr: this.screen });
    } finally {
      globalThis.setInterval = setInterval;
    }
  }

  draw(): void {
    this.#draw();
  }

  [Symbol.dispose](): void {
    this.live[Symbol.dispose]();
  }
}

test("the live line counts what runs, is done and failed", () => {
  using terminal = new Terminal();
  const settled = {
    kind: "job-settled",
    job: JOB,
    slot: 0,
    settlement: { kind: "ack" },
    durationMs: 1,
  } as const;
  for (let job = 0; job < 4; job++) terminal.live.update({ kind: "job-started", job: JOB, slot: job });
  terminal.live.update({ ...settled, outcome: { kind: "succeeded" } });
  terminal.live.update({ ...settled, outcome: { kind: "failed", error: "", retryable: true } });
  terminal.live.update({ kind: "job-lost", job: JOB, slot: 0 });
  terminal.draw();
  // deno-lint-ignore no-control-regex
  assertMatch(terminal.screen.text, /^\r\x1b\[Krunning 1 · done 1 · failed 1 · [\d.]+\/s · \d+ms$/);
});

test("the live line fits into one line of the terminal", () => {
  using terminal = new Terminal({ columns: 20 });
  terminal.draw();
  assertEquals(terminal.screen.text, "\r\x1b[Krunning 0 · done 0 ");
});

test("what is printed takes the live line away", async () => {
  using terminal = new Terminal();
  terminal.draw();
  const before = terminal.screen.text;
  await terminal.live.around("stdout").write("news\n");
  await terminal.live.around("stderr").write("more\n");
  assertEquals(terminal.screen.text, `${before}\r\x1b[Knews\nmore\n`);
});

test("the live line comes back after what was printed", async () => {
  using terminal = new Terminal();
  await terminal.live.around("stdout").write("news\n");
  terminal.draw();
  assertMatch(terminal.screen.text, /^news\n\r.*running/);
});

test("the live line does not overwrite an unfinished line", async () => {
  using terminal = new Terminal();
  const stdout = terminal.live.around("stdout");
  await stdout.write("50%");
  terminal.draw();
  assertEquals(terminal.screen.text, "50%");
  await stdout.write(" 100%\n");
  terminal.draw();
  assertMatch(terminal.screen.text, /^50% 100%\n\r.*running/);
});

test("a stream that is no terminal is left as it is", () => {
  const { io } = new FakeIo({ terminals: ["stderr"] });
  using live = new LiveLine(io);
  assertEquals(live.around("stdout"), io.stdout);
});

test("the live line is taken away at the end", () => {
  const terminal = new Terminal();
  terminal.draw();
  terminal[Symbol.dispose]();
  assert(terminal.screen.text.endsWith("\r\x1b[K"));
});

const ESCAPE = "\x1b";

test("a worker on a terminal shows the live line, and the output whole", async () => {
  await using queue = await QueueFile.with("echo begin; sleep 0.4; echo end");
  const { code, output } = await onTerminal(`jobq ${queue.path} worker`);
  assertEquals(code, 0, output);
  assertMatch(output, /begin\r\n\r.*running 1 · done 0 · failed 0 · 0\.0\/s/);
  // deno-lint-ignore no-control-regex
  assertMatch(output, /\r\x1b\[Kend\r\n/);
});

const WITHOUT: Readonly<Record<string, [script: (path: string) => string, env?: Record<string, string>]>> = {
  "with --log-format json": [(path) => `jobq ${path} worker --log-format json`],
  "with --quiet": [(path) => `jobq ${path} worker --quiet`],
  "with NO_COLOR": [(path) => `jobq ${path} worker`, { NO_COLOR: "1" }],
  "when stderr is no terminal": [(path) => `jobq ${path} worker 2>/dev/null`],
};
for (const [how, [script, env]] of Object.entries(WITHOUT)) {
  test(`a worker ${how} shows no live line and no escape codes`, async () => {
    await using queue = await QueueFile.with("echo begin; sleep 0.4; exit 0");
    const { output } = await onTerminal(script(queue.path), { env });
    assertMatch(output, /begin/);
    assert(!output.includes(ESCAPE) && !output.includes("running"), output);
  });
}

test("a worker without a terminal writes no escape codes", async () => {
  await using queue = await QueueFile.with("exit 1");
  const { stdout, stderr } = await queue.process(["worker", "-vv"]);
  assertMatch(stderr, /error: job/);
  assert(!(stdout + stderr).includes(ESCAPE));
});

test("a worker on a terminal colours what went wrong", async () => {
  await using queue = await QueueFile.with("exit 1");
  const { output } = await onTerminal(`jobq ${queue.path} worker`);
  assert(output.includes(`${ESCAPE}[31m`), output);
});

test("a worker on a terminal with NO_COLOR colours nothing", async () => {
  await using queue = await QueueFile.with("exit 1");
  const { output } = await onTerminal(`jobq ${queue.path} worker`, { env: { NO_COLOR: "1" } });
  assertMatch(output, /error: job/);
  assert(!output.includes(ESCAPE), output);
});
