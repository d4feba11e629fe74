import { PushProgress } from "../../src/cli/push_progress.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeIo, type FakeIoOptions } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";

/** What is said of a push that has come so far, [ms since its start, jobs] each time. */
function said(
  options: FakeIoOptions,
  ...updates: readonly (readonly [ms: number, pushed: number])[]
): string {
  const fake = new FakeIo(options);
  const { now } = performance;
  let ms = 50_000;
  performance.now = () => ms;
  try {
    using progress = new PushProgress(fake.io);
    for (const [after, pushed] of updates) {
      ms = 50_000 + after;
      progress.update(pushed);
    }
  } finally {
    performance.now = now;
  }
  return fake.stderr.text;
}

const TERMINAL: FakeIoOptions = { terminals: ["stderr"] };

test("a push of less than a second says nothing", () => {
  assertEquals(said({}, [10, 100], [999, 5_000]), "");
});

test("a push of less than a second says nothing on a terminal", () => {
  assertEquals(said(TERMINAL, [10, 100], [999, 5_000]), "");
});

test("a longer push says how far it is, a line each 5 s", () => {
  assertEquals(
    said({}, [1_000, 5_000], [2_000, 10_000], [6_001, 30_005], [7_000, 35_000]),
    "pushed 5000 jobs (5000/s)\npushed 30005 jobs (5000/s)\n",
  );
});

test("a longer push rewrites one line of a terminal, and ends it", () => {
  assertEquals(
    said(TERMINAL, [1_000, 5_000], [1_050, 5_100], [1_250, 7_500]),
    "\r\x1b[Kpushed 5000 jobs (5000/s)\r\x1b[Kpushed 7500 jobs (6000/s)\n",
  );
});

test("a longer push with NO_COLOR writes plain lines on a terminal", () => {
  assertEquals(
    said({ ...TERMINAL, env: { NO_COLOR: "1" } }, [1_000, 5_000], [1_250, 7_500]),
    "pushed 5000 jobs (5000/s)\n",
  );
});
