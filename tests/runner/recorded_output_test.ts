import type { LogWriter } from "../../src/core/job_logs.ts";
import type { JobOutput } from "../../src/runner/output.ts";
import { recordedOutput } from "../../src/runner/recorded_output.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { jobOf, runJob, startJob } from "../support/run_job.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A log that a test reads; `hold` may hold each write up, or fail it. */
class ReadableLog implements LogWriter {
  text = "";
  readonly #hold: () => void | Promise<void>;

  constructor(hold: () => void | Promise<void> = () => {}) {
    this.#hold = hold;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#hold();
    this.text += new TextDecoder().decode(bytes);
  }

  close(): Promise<void> {
    return Promise.reject(new Error("the runner has not opened it"));
  }
}

/** An output in memory. */
function outputInMemory(): JobOutput & { readonly texts: string[] } {
  const texts: string[] = [];
  return {
    texts,
    write: (name, bytes) => {
      texts.push(`${name}: ${new TextDecoder().decode(bytes)}`);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

test("what a job prints goes to the log as it comes, both streams in one, besides its output", async () => {
  await using dir = await TempDir.make();
  const record = new ReadableLog();
  const untilTold = (n: number) => `until [ -e ${dir.join(`${n}`)} ]; do sleep 0.01; done`;
  const lines = ["out 1", "err 1", "out 2", "err 2"];
  // Each line is in the log before the job goes on.
  const steps = lines.map((line, n) => `echo ${line} ${n % 2 ? ">&2" : ""}; ${untilTold(n)}`);
  const job = startJob(jobOf(steps.join("\n")), { record });
  let expected = "";
  for (const [n, line] of lines.entries()) {
    expected += `${line}\n`;
    await waitUntil(() => record.text === expected, { what: `"${line}" in the log` });
    await Deno.writeTextFile(dir.join(`${n}`), "");
  }
  assertEquals((await job.outcome).kind, "succeeded");
  assertEquals(record.text, expected);
  assertEquals(job.printed().stdout, "out 1\nout 2\n");
});

test("a slow log does not let one stream overtake the other", async () => {
  const held = Promise.withResolvers<void>();
  const holds = [held.promise];
  const record = new ReadableLog(() => holds.pop());
  const output = recordedOutput(outputInMemory(), record);
  const writes = [output.write("stdout", bytes("first ")), output.write("stderr", bytes("second"))];
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(record.text, "");
  held.resolve();
  await Promise.all(writes);
  assertEquals(record.text, "first second");
});

test("the job stands still while the log takes a piece of what it prints", async () => {
  const held = Promise.withResolvers<void>();
  const record = new ReadableLog(() => held.promise);
  const job = startJob(jobOf("head -c 10000000 /dev/zero"), { record });
  await waitUntil(() => job.printed().bytes > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert(job.printed().bytes < 1_000_000, `it printed ${job.printed().bytes} bytes meanwhile`);
  held.resolve();
  assertEquals((await job.outcome).kind, "succeeded");
  assertEquals([job.printed().bytes, record.text.length], [10_000_000, 10_000_000]);
});

test("a log that fails costs neither the job nor its output, nor what comes after", async () => {
  let calls = 0;
  const record = new ReadableLog(() => {
    if (++calls === 1) throw new Error("the disk is full");
  });
  const inner = outputInMemory();
  const output = recordedOutput(inner, record);
  await output.write("stdout", bytes("one"));
  await output.write("stderr", bytes("two"));
  assertEquals([inner.texts, record.text], [["stdout: one", "stderr: two"], "two"]);
});

test("a job whose log always fails succeeds", async () => {
  const record = new ReadableLog(() => Promise.reject(new Error("the disk is full")));
  const { outcome, stdout } = await runJob(jobOf("seq 3; exit 0"), { record });
  assertEquals([outcome.kind, stdout], ["succeeded", "1\n2\n3\n"]);
});
