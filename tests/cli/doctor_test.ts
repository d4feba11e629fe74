import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { jobq, JOBQ_WORDS, shell } from "../support/jobq.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test, testWhere } from "../support/testing.ts";
import { UNPRIVILEGED } from "../support/unprivileged.ts";
import { findUnshare } from "../support/unshare.ts";
import { waitUntil } from "../support/wait_until.ts";

const NAMES = [
  "filesystem",
  "exclusive_create",
  "rename",
  "hard_link",
  "lock",
  "visibility",
  "clock",
  "fsync",
];

const namesIn = async (path: string) =>
  (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name).toSorted();

test("doctor prints a line a check, the guarantee last, and leaves nothing behind", async () => {
  await using dir = await TempDir.make();
  const { code, stdout, stderr } = await jobq(["doctor", dir.path]);
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.trimEnd().split("\n");
  assertEquals(lines.length, NAMES.length + 1, stdout);
  for (const line of lines.slice(0, -1)) assertMatch(line, /^.{17} {2}(?:ok {2}|warn|slow) {2}\S/);
  assertMatch(stdout, /\nlocks {14}ok {4}held between processes, free .* after its process was killed\n/);
  assertMatch(stdout, /\nexactly one at a time: the jobs of a worker that dies .*\n$/);
  assertEquals(await namesIn(dir.path), []);
});

test("doctor --json prints one object with all that was found", async () => {
  await using dir = await TempDir.make();
  const path = dir.join("it's a; „queue“");
  await Deno.mkdir(path);
  const { code, stdout, stderr } = await jobq(["doctor", "--json", path]);
  assertEquals([code, stderr, stdout.split("\n").length], [0, "", 2]);
  const { reason, checks, ...rest } = JSON.parse(stdout);
  const place = await Deno.realPath(path);
  assertEquals(rest, { path, place, exists: true, guarantee: "exactly-one-at-a-time" });
  assertMatch(reason, /^the jobs of a worker/);
  assertEquals(checks.map(({ name }: { name: string }) => name), NAMES);
  for (const check of checks) {
    assertEquals(Object.keys(check), ["name", "verdict", "found", "values"]);
    assert(["ok", "warn", "slow"].includes(check.verdict), check.found);
  }
});

const FORMS: Readonly<Record<string, readonly string[]>> = {
  "the word after it": ["doctor", "/none/a queue"],
  "a relative path without ./": ["doctor", "none/a queue"],
  "the queue before it": ["/none/a queue", "doctor"],
  "-q": ["doctor", "-q", "./none/a queue"],
  "$JOBQ": ["doctor"],
  "an address": ["doctor", "file:none/a queue"],
};
for (const [form, words] of Object.entries(FORMS)) {
  test(`doctor takes the directory from ${form}`, async () => {
    const { code, stderr } = await runMain(words, { env: { JOBQ: "/none/jobs" } });
    assertEquals(code, 3);
    const path = form === "$JOBQ"
      ? "/none/jobs"
      : (words.findLast((word) => word.includes("/")) ?? "").replace("file:", "");
    assert(stderr.startsWith(`error: Cannot probe "${path}": the directory `), stderr);
  });
}

test("doctor says that it probes the parent of a directory that does not exist yet", async () => {
  await using dir = await TempDir.make();
  const { code, stdout, stderr } = await jobq(["doctor", "queue", "--json"], { cwd: dir.path });
  assertEquals(code, 0, stderr);
  const { place, exists } = JSON.parse(stdout);
  assertEquals([place, exists], [await Deno.realPath(dir.path), false]);
  assertMatch(stderr, /"queue" does not exist yet: its parent is probed place=/);
});

test("doctor exits with 3 when not even the parent exists", async () => {
  await using dir = await TempDir.make();
  const { code, stdout, stderr } = await runMain(["doctor", dir.join("a/b")]);
  assertEquals([code, stdout], [3, ""]);
  assertMatch(
    stderr,
    /^error: Cannot probe ".*\/a\/b": the directory ".*\/a" does not exist\nhint: .*mkdir -p/,
  );
});

test("doctor exits with 4 where this user may not write", async () => {
  await using dir = await TempDir.make();
  await Deno.mkdir(dir.join("queue"), { mode: 0o555 });
  const { code, stdout, stderr } = await jobq(["doctor", dir.join("queue")], { through: UNPRIVILEGED });
  assertEquals([code, stdout], [4, ""]);
  assertMatch(stderr, /^error: Cannot probe ".*": this user may not write there\nhint: /);
});

const unshare = await findUnshare();

testWhere(
  unshare.length > 0,
  "the right to mount",
  "doctor exits with 4 on a read-only filesystem",
  async () => {
    await using dir = await TempDir.make();
    const mount = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
    const through = [...unshare, "sh", "-c", mount, dir.path];
    const { code, stdout, stderr } = await jobq(["doctor", dir.path], { through });
    assertEquals([code, stdout], [4, ""]);
    assertMatch(stderr, /this user may not write there\n/);
  },
);

testWhere(
  unshare.length > 0,
  "the right to mount",
  "doctor exits with 5 where a queue would not work",
  async () => {
    await using dir = await TempDir.make();
    // The private directory and some of the files fit.
    const mount = 'mount -t tmpfs -o nr_inodes=15 tmpfs "$0" && exec "$@"';
    const through = [...unshare, "sh", "-c", mount, dir.path];
    const { code, stdout } = await jobq(["doctor", dir.path], { through });
    assertEquals(code, 5);
    assertMatch(stdout, /\nrename as a claim +no {4}it failed: .*[Nn]o space left on device.*\n/);
    assertMatch(stdout, /\nnot usable: .*\n$/);
  },
);

const REFUSED: Readonly<Record<string, RegExp>> = {
  "doctor": /^error: Cannot go on: DIR is missing\nhint: /,
  "doctor ssh://host/queue": /: it is not a directory\nhint: run jobq doctor on that host\n$/,
  "doctor sqlite:jobs.db": /^error: Cannot probe ".*jobs.db.*": it is not a directory\n/,
  "./a doctor b": /^error: Cannot probe two directories at once\n/,
  "doctor a b": /^error: Cannot use "b": nothing is expected there\n/,
};
for (const [line, said] of Object.entries(REFUSED)) {
  test(`${line} exits with 2`, async () => {
    const { code, stdout, stderr } = await runMain(line.split(" "));
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, said);
  });
}

const SIGNALS = { INT: 130, TERM: 143, HUP: 129 } as const;
for (const [signal, expected] of Object.entries(SIGNALS)) {
  test(`SIG${signal} stops doctor with ${expected}, and nothing is left`, async () => {
    await using dir = await TempDir.make();
    const script = `
      "$DENO" run -A --quiet "$MAIN" doctor queue & pid=$!
      until ls -d .jobq-doctor-*/rename >/dev/null 2>&1; do :; done
      kill -${signal} $pid
      wait $pid; echo "code $?"`;
    const { stdout, stderr } = await shell(script, { cwd: dir.path });
    assertMatch(stdout, new RegExp(`\ncode ${expected}\n$`));
    assert(!stdout.includes("\nexactly one") && !stderr.includes("error"), stdout + stderr);
    assertEquals(await namesIn(dir.path), []);
  });
}

test("the second process ends when doctor is killed", async () => {
  await using dir = await TempDir.make();
  const [program = "", ...words] = JOBQ_WORDS;
  const child = new Deno.Command(program, {
    args: [...words, "doctor", dir.path],
    stdout: "null",
    stderr: "null",
  })
    .spawn();
  const childrenOf = () => Deno.readTextFile(`/proc/${child.pid}/task/${child.pid}/children`);
  await waitUntil(async () => (await namesIn(dir.path)).length > 0, { what: "the private directory" });
  const helper = await waitUntil(async () => (await childrenOf()).trim().split(" ")[0], { what: "a child" });
  child.kill("SIGKILL");
  await child.status;
  await waitUntil(
    () => Deno.stat(`/proc/${helper}`).then(() => false, () => true),
    { what: "the end of the second process" },
  );
});
