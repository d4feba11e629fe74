import {
  BackendError,
  JobqError,
  QueueNotFoundError,
  UnsupportedError,
  UsageError,
} from "../../../src/core/errors.ts";
import { openQueue } from "../../../src/backends/registry.ts";
import { assert, assertEquals, assertExists, assertMatch, assertRejects } from "../../support/assert.ts";
import { runScript } from "../../support/child.ts";
import { DirectoryFixture } from "../../support/directory_queue.ts";
import { shellJob } from "../../support/jobs.ts";
import { jobq } from "../../support/jobq.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { UNPRIVILEGED } from "../../support/unprivileged.ts";

const LEASE = { leaseMs: 60_000, waitMs: 0 } as const;

/** Opens the queue, pushes a job, and takes it. */
async function use(path: string): Promise<void> {
  await using queue = await openQueue(`file:${path}`);
  await queue.enqueue([shellJob()]);
  await using lease = assertExists(await queue.lease(LEASE));
  await lease.ack();
}

function assertSays(error: JobqError, path: string): void {
  assertMatch(error.message, /^Cannot .*: ./);
  assert(error.message.includes(path) && error.hint, `${error.message} (${error.hint})`);
}

test("a queue whose directory's parent is missing is not found, and nothing is made", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("not mounted/team/queue");
  assertSays(await assertRejects(use(path), QueueNotFoundError), directory.join("not mounted/team"));
  assertEquals([...Deno.readDirSync(directory.path)], []);
});

test("a file where a queue's directory should be stays as it is", async () => {
  await using directory = await TempDir.make();
  await Deno.writeTextFile(directory.join("queue"), "a file");
  assertSays(await assertRejects(use(directory.join("queue")), QueueNotFoundError), directory.join("queue"));
  assertSays(await assertRejects(use(directory.join("queue/below")), JobqError), directory.join("queue"));
  assertEquals(await Deno.readTextFile(directory.join("queue")), "a file");
});

test("a directory in which something else is stays as it is", async () => {
  await using directory = await TempDir.make();
  await Deno.writeTextFile(directory.join("thesis.tex"), "text");
  const error = await assertRejects(use(directory.path), UsageError);
  assertSays(error, directory.path);
  assertMatch(error.message, /thesis\.tex/);
  assertEquals(Array.from(Deno.readDirSync(directory.path), ({ name }) => name), ["thesis.tex"]);
});

for (
  const text of [
    "",
    "{oops",
    "null",
    "7",
    "[]",
    "{}",
    '{"format":"jobq directory"}',
    "\0\0\0\0",
    '{"version":1}',
  ]
) {
  test(`a layout.json of ${JSON.stringify(text)} is said to be damaged, and stays as it is`, async () => {
    await using it = await DirectoryFixture.make();
    await Deno.writeTextFile(it.at("layout.json"), text);
    assertSays(await assertRejects(use(it.path), BackendError), "layout.json");
    assertEquals(await Deno.readTextFile(it.at("layout.json")), text);
  });
}

test("a queue of a newer layout is left alone", async () => {
  await using it = await DirectoryFixture.make();
  await Deno.writeTextFile(it.at("layout.json"), '{"format":"jobq directory","version":2}\n');
  const before = it.files();
  const error = await assertRejects(use(it.path), UnsupportedError);
  assertSays(error, it.path);
  assertMatch(error.message, /newer jobq.*layout 2/);
  assertEquals(it.files(), before);
});

test("a queue that lacks all of its directories but the layout is one without jobs", async () => {
  await using it = await DirectoryFixture.make();
  for (const { name, isDirectory } of Deno.readDirSync(it.path)) {
    if (isDirectory) await Deno.remove(it.at(name), { recursive: true });
  }
  await use(it.path);
});

test("a queue that is removed while it is open is said to be gone, by whatever is asked of it", async () => {
  const calls: Readonly<Record<string, (it: DirectoryFixture) => Promise<unknown>>> = {
    push: ({ queue }) => queue.enqueue([shellJob()]),
    "push several": ({ queue }) => queue.enqueue([shellJob(), shellJob()]),
    lease: ({ queue }) => queue.lease(LEASE),
    counts: ({ queue }) => queue.counts(),
    list: ({ queue }) => queue.list(),
    peek: ({ queue }) => queue.peek(1),
    wait: ({ queue }) => queue.wait("all"),
    cancel: ({ queue }) => queue.cancel(["1-abcdef"]),
  };
  const silent: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    await using it = await DirectoryFixture.make();
    await it.queue.enqueue([shellJob()]);
    await (await it.next()).release();
    await Deno.remove(it.path, { recursive: true });
    const error = await call(it).then(() => undefined, (error: unknown) => error);
    if (error instanceof JobqError) assertSays(error, it.path);
    else silent.push(name);
    assertEquals(
      [...Deno.readDirSync(it.path.slice(0, it.path.lastIndexOf("/")))],
      [],
      `${name} made something`,
    );
  }
  assertEquals(silent, []);
});

test("the lease of a job whose queue was removed is lost", async () => {
  await using it = await DirectoryFixture.make();
  await it.queue.enqueue([shellJob()]);
  const lease = await it.next();
  await Deno.remove(it.path, { recursive: true });
  await assertRejects(lease.renew(60_000), JobqError);
  await assertRejects(lease.ack(), JobqError);
});

const NAMES = [
  "with spaces  in it",
  "it's",
  'double "quotes"',
  "a;b && c",
  "$HOME `x` \\n",
  "new\nline",
  "übung-漢字-\u{1F4A3}",
  "-rf",
  "50%20%",
  "#1",
  "?x=y&z",
];

for (const name of NAMES) {
  test(`a queue in a directory called ${JSON.stringify(name)} works`, async () => {
    await using directory = await TempDir.make();
    const path = directory.join(name);
    await use(path);
    assertEquals(Array.from(Deno.readDirSync(directory.path), ({ name }) => name), [name]);
    const { code, stdout, stderr } = await jobq([`file:${path}`, "stats", "--json"]);
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /"completed":\s*1/);
  });
}

test("a job of a queue with a difficult name finds that queue by its address", async () => {
  await using directory = await TempDir.make();
  const path = directory.join('it\'s; a "queue" ü');
  const command = 'printf "%s" "$JOBQ_QUEUE"';
  assertEquals((await jobq([`file:${path}`, "push", "-c", command])).code, 0);
  const { code, stdout, stderr } = await jobq([`file:${path}`, "worker"]);
  assertEquals(code, 0, stderr);
  const queue = assertExists(/(?:file:)?\/.*ü/.exec(stdout), stdout)[0];
  assertMatch((await jobq([queue, "stats", "--json"])).stdout, /"completed":\s*1/);
});

test("a queue is the same one by a link, with slashes behind it, and by a relative path", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await use(path);
  await Deno.symlink("queue", directory.join("link"));
  for (
    const other of [`${path}/`, `${path}///`, directory.join("link"), directory.join("link/"), `${path}/.`]
  ) {
    await using queue = await openQueue(`file:${other}`, { create: false });
    assertEquals((await queue.counts()).completed, 1, other);
  }
  const { stdout } = await jobq(["./queue", "stats", "--json"], { cwd: directory.path });
  assertMatch(stdout, /"completed":\s*1/);
});

const MODES: Readonly<Record<string, number>> = {
  "may not be entered": 0o000,
  "may not be written": 0o500,
  "may not be searched": 0o600,
};

for (const [what, mode] of Object.entries(MODES)) {
  test(`a queue that ${what} is an AccessDeniedError`, async () => {
    await using it = await DirectoryFixture.make();
    await it.queue.enqueue([shellJob()]);
    const directories = mode === 0o500 ? directoriesBelow(it.path) : [it.path];
    for (const directory of directories) await Deno.chmod(directory, mode);
    try {
      const { code, stderr } = await jobq([it.path, "push", "-c", "true"], { through: UNPRIVILEGED });
      assertEquals(code, 4, stderr);
      assertMatch(stderr, /^error: Cannot .*\nhint: ./m);
      assert(stderr.includes(it.path) && !/\n\s+at /.test(stderr), stderr);
    } finally {
      for (const directory of directories.toReversed()) await Deno.chmod(directory, 0o700).catch(() => {});
      for (const directory of directories) await Deno.chmod(directory, 0o700);
    }
  });
}

test("a queue that may only be read can be looked at", async () => {
  await using it = await DirectoryFixture.make();
  await it.queue.enqueue([shellJob("to be seen")]);
  const directories = directoriesBelow(it.path);
  for (const directory of directories) await Deno.chmod(directory, 0o500);
  try {
    for (const words of [["list"], ["peek"], ["stats"]]) {
      const { code, stderr } = await jobq([it.path, ...words], { through: UNPRIVILEGED });
      assertEquals([words[0], code], [words[0], 0], stderr);
    }
  } finally {
    for (const directory of directories) await Deno.chmod(directory, 0o700);
  }
});

/** Two users of one group, neither of whom is root. */
function asUser(uid: number): readonly string[] {
  return ["setpriv", `--reuid=${uid}`, "--regid=54321", "--clear-groups", "--inh-caps=-all", "--"];
}

async function canSwitchUser(): Promise<boolean> {
  if (Deno.uid() !== 0) return false;
  const [program = "", ...args] = [
    ...asUser(54_001),
    "sh",
    "-c",
    'test -x "$0" && test -r "$1"',
    Deno.execPath(),
    new URL("../../../main.ts", import.meta.url).pathname,
  ];
  return (await new Deno.Command(program, { args, stderr: "null" }).output()).success;
}

testWhere(
  await canSwitchUser(),
  "root, and a checkout that others can read",
  "two users of a group share a queue in a directory of theirs, whatever their umask is",
  async () => {
    await using directory = await TempDir.make();
    await Deno.chmod(directory.path, 0o755);
    const path = directory.join("shared");
    await Deno.mkdir(path);
    await Deno.chown(path, 54_001, 54_321);
    await Deno.chmod(path, 0o2770);
    await Deno.mkdir(directory.join("home"));
    await Deno.chmod(directory.join("home"), 0o777);
    const env = {
      HOME: directory.join("home"),
      DENO_DIR: directory.join("home/deno"),
      DENO_NO_UPDATE_CHECK: "1",
    };
    for (const round of [0, 1, 2, 3]) {
      const [one, two] = round % 2 === 0 ? [54_001, 54_002] : [54_002, 54_001];
      const pushing = await runScript("directory_sharer.ts", [path, "push"], { through: asUser(one), env });
      assertEquals(pushing.code, 0, pushing.stderr);
      const running = await runScript("directory_sharer.ts", [path, "run"], { through: asUser(two), env });
      assertEquals([running.code, running.stdout], [0, "3\n"], running.stderr);
    }
    for (const below of directoriesBelow(path)) {
      assertEquals((Deno.statSync(below).mode ?? 0) & 0o070, 0o070, below);
    }
  },
);

/** A directory and all below it, the outer ones last. */
function directoriesBelow(path: string): string[] {
  const found: string[] = [];
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) found.push(...directoriesBelow(`${path}/${name}`));
  }
  return [...found, path];
}
