import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { shell } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test, testWhere } from "../support/testing.ts";
import { findUnshare } from "../support/unshare.ts";

const COUNT = 400;
const LINES = Array.from({ length: COUNT }, (_, index) => `: ${index} ${"x".repeat(20_000)}`).join("\n");

const lines = (text: string) => text.split("\n").filter((line) => line !== "");

/** Checks that a push of LINES gave up, and that just the jobs whose ids it printed are on the queue. */
function assertNothingLost(printed: readonly string[], there: readonly string[]): void {
  assert(printed.length > 0 && printed.length < COUNT, `${printed.length} ids`);
  assertEquals(there, printed);
}

test("push beyond the largest size of a file exits with 5, and what it printed is on the queue", async () => {
  await using queue = await QueueFile.make();
  // Without the trap the kernel would end the process.
  const through = ["bash", "-c", 'trap "" XFSZ; ulimit -f 4000; exec "$@"', "bash"];
  const { code, stdout, stderr } = await queue.process(["push"], { stdin: LINES, through });
  assertEquals(code, 5, stderr);
  assertMatch(stderr, /^error: Cannot push to ".*": the disk (is full|cannot be read or written)\nhint: /m);
  assertNothingLost(lines(stdout), (await queue.jobs()).map(({ id }) => id));
});

test("push whose ids cannot be written to a full disk says so and exits with 5", async () => {
  await using queue = await QueueFile.make();
  const { code, stderr } = await shell(`jobq ${queue.path} push -c a > /dev/full`);
  assertEquals(code, 5);
  assertMatch(stderr, /^error: Cannot write to standard output: .*No space left on device.*\nhint: /);
  assertEquals(await queue.commands(), ["a"]);
});

const unshare = await findUnshare();
testWhere(
  unshare.length > 0,
  "the right to mount a tmpfs",
  "push to a full disk exits with 5 and says so, and what it printed is on the queue",
  async () => {
    await using directory = await TempDir.make();
    const script = `
      mount -t tmpfs -o size=4m tmpfs "$DISK" && cd "$DISK" && head -c 1000000 /dev/zero > ballast || exit 9
      jobq jobs.db push
      code=$?
      rm ballast
      echo there
      jobq jobs.db peek -n -1 --json
      exit "$code"`;
    const env = { DISK: directory.path };
    const { code, stdout, stderr } = await shell(script, { stdin: LINES, env, through: unshare });
    assertEquals(code, 5, stderr);
    assertMatch(stderr, /^error: Cannot push to ".*jobs\.db": the disk is full\nhint: /m);
    const [printed = "", there = ""] = stdout.split("there\n");
    assertNothingLost(lines(printed), lines(there).map((line) => JSON.parse(line).id));
  },
);
