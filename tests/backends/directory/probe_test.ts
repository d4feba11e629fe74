import type { Check, CheckName, CheckResult } from "../../../src/backends/directory/probe/check.ts";
import { diskFree } from "../../../src/backends/directory/probe/disk_free.ts";
import { type FileOperations, systemFiles } from "../../../src/backends/directory/probe/file_operations.ts";
import { whyLocksStayHere } from "../../../src/backends/directory/probe/filesystem.ts";
import { judge } from "../../../src/backends/directory/probe/guarantee.ts";
import { serveHelper } from "../../../src/backends/directory/probe/helper.ts";
import type { StartHelper } from "../../../src/backends/directory/probe/other_process.ts";
import {
  CHECKS,
  probeDirectory,
  type ProbeOptions,
  type ProbeReport,
} from "../../../src/backends/directory/probe/probe_directory.ts";
import { BackendError, QueueNotFoundError } from "../../../src/core/errors.ts";
import {
  assert,
  assertBetween,
  assertEquals,
  assertExists,
  assertMatch,
  assertRejects,
} from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";

/** The other side, in this process. */
function helper({ files = systemFiles, releaseAfterMs = 0, silentAfter = Infinity }: {
  readonly files?: FileOperations;
  /** The locks of the first one outlive it by so much. */
  readonly releaseAfterMs?: number;
  /** It ends instead of answering more than this many lines. */
  readonly silentAfter?: number;
} = {}): StartHelper {
  let lines = 0;
  let starts = 0;
  return () => {
    const lateMs = ++starts === 1 ? releaseAfterMs : 0;
    let input: ReadableStreamDefaultController<Uint8Array> | undefined;
    let output: ReadableStreamDefaultController<Uint8Array> | undefined;
    let isOpen = true;
    const end = () => {
      if (!isOpen) return;
      isOpen = false;
      output?.close();
    };
    const readable = new ReadableStream<Uint8Array>({ start: (controller) => void (input = controller) });
    const served = serveHelper(readable, (line) => {
      if (++lines > silentAfter) end();
      else if (isOpen) output?.enqueue(new TextEncoder().encode(line));
      return Promise.resolve();
    }, files);
    return {
      input: new WritableStream({ write: (bytes) => void (isOpen && input?.enqueue(bytes)) }),
      output: new ReadableStream({ start: (controller) => void (output = controller) }),
      kill: async () => {
        end();
        if (lateMs > 0) setTimeout(() => input?.close(), lateMs);
        else {
          input?.close();
          await served;
        }
      },
    };
  };
}

const only = (...names: readonly CheckName[]): readonly Check[] =>
  CHECKS.filter(({ name }) => names.includes(name));

async function probe(options: Partial<ProbeOptions> = {}): Promise<ProbeReport> {
  await using dir = await TempDir.make();
  const report = assertExists(await probeDirectory(dir.path, { startHelper: helper(), ...options }));
  assertEquals(await Array.fromAsync(Deno.readDir(dir.path)), []);
  return report;
}

/** Probes where both sides have these operations instead of the system's. */
function probeWith(faults: Partial<FileOperations>, ...names: readonly CheckName[]): Promise<ProbeReport> {
  const files = { ...systemFiles, ...faults };
  return probe({ files, startHelper: helper({ files }), checks: only(...names) });
}

function resultOf({ results }: ProbeReport, name: CheckName): CheckResult {
  return assertExists(results.find((result) => result.name === name));
}

test("all checks hold in a directory of this machine, and nothing is left there", async () => {
  const told: string[] = [];
  const report = await probe({ onResult: ({ name }) => void told.push(name) });
  assertEquals(report.guarantee, "exactly-one-at-a-time");
  assertEquals(report.results.filter(({ verdict }) => verdict === "no"), []);
  assertEquals(told, CHECKS.map(({ name }) => name));
  assertEquals([report.exists, report.queue], [true, undefined]);
});

const hasShm = await Deno.stat("/dev/shm").then(({ isDirectory }) => isDirectory, () => false);
testWhere(hasShm, "/dev/shm", "the filesystem's type is told", async () => {
  const report = assertExists(
    await probeDirectory("/dev/shm", { startHelper: helper(), checks: only("filesystem") }),
  );
  const { found, values } = resultOf(report, "filesystem");
  assertMatch(found, /^tmpfs, \d.* free, .*mode 1777/);
  assertEquals([values?.["type"], values?.["shared_between_hosts"]], ["tmpfs", false]);
});

for (const kind of ["exclusive_create", "rename"] as const) {
  test(`${kind}: both processes race for every name, and each is won once`, async () => {
    const { values = {} } = resultOf(await probe({ checks: only(kind) }), kind);
    assertEquals(Number(values["won_here"]) + Number(values["won_there"]), values["races"]);
    assertBetween(Number(values["races"]), 10, 200);
  });
}

test("a lock that is granted twice leaves at least once", async () => {
  const files = { ...systemFiles, tryLock: () => Promise.resolve({ [Symbol.dispose]: () => {} }) };
  const report = await probe({ startHelper: helper({ files }) });
  assertEquals(report.guarantee, "at-least-once");
  assertMatch(resultOf(report, "lock").found, /^another process gets a lock that is held$/);
  assertMatch(report.reason, /^locks are not honoured; .* come back when its lease ends/);
});

test("a second handle of a process that gets its lock too leaves at least once", async () => {
  const report = await probe({
    files: { ...systemFiles, tryLock: () => Promise.resolve({ [Symbol.dispose]: () => {} }) },
    checks: only("lock"),
  });
  assertEquals(report.guarantee, "at-least-once");
  assertMatch(resultOf(report, "lock").found, /^a second handle of the same process gets/);
});

for (const message of ["No locks available (os error 37)", "Function not implemented (os error 38)"]) {
  test(`locks that answer "${message}" leave at least once`, async () => {
    const report = await probeWith({ tryLock: () => Promise.reject(new Error(message)) }, "lock");
    assertEquals(report.guarantee, "at-least-once");
    assertEquals(resultOf(report, "lock").found, `none: ${message}`);
  });
}

test("a lock that outlives its process by more than 2 s is slow, and holds", async () => {
  const report = await probe({ startHelper: helper({ releaseAfterMs: 2_050 }), checks: only("lock") });
  const { verdict, values } = resultOf(report, "lock");
  assertEquals([verdict, report.guarantee], ["slow", "exactly-one-at-a-time"]);
  assert(Number(values?.["free_after_kill_ms"]) > 2_000);
});

test("a rename that two processes can do to the same file makes the directory not usable", async () => {
  const report = await probeWith({ rename: (from, to) => Deno.copyFile(from, to) }, "rename");
  assertEquals(report.guarantee, "not-usable");
  assertMatch(resultOf(report, "rename").found, /^\d+ of \d+ files were there under both new names$/);
});

test("a rename that is answered by its own repetition is won by whom it served", async () => {
  const report = await probeWith({
    rename: async (from, to) => {
      await Deno.rename(from, to);
      throw new Deno.errors.NotFound("No such file or directory (os error 2)");
    },
  }, "rename");
  assertEquals([resultOf(report, "rename").verdict, report.guarantee], ["ok", "exactly-one-at-a-time"]);
});

test("a rename that serves nobody makes the directory not usable", async () => {
  const report = await probeWith(
    { rename: () => Promise.reject(new Deno.errors.NotFound("gone")) },
    "rename",
  );
  assertEquals(report.guarantee, "not-usable");
  assertMatch(resultOf(report, "rename").found, /^none has the file after/);
});

test("a name that can be made twice leaves at least once", async () => {
  const report = await probeWith({ createNew: () => Promise.resolve(true) }, "exclusive_create");
  assertEquals(report.guarantee, "at-least-once");
  assertMatch(resultOf(report, "exclusive_create").found, /^both made the same name in \d+ of/);
});

test("what another process does not see in time makes the directory not usable", async () => {
  const files = { ...systemFiles, list: () => Promise.resolve([]) };
  const checks = only("visibility", "clock").map((check) =>
    check.name === "visibility" ? { ...check, limitMs: 300 } : check
  );
  const report = await probe({ startHelper: helper({ files }), checks });
  assertEquals(report.guarantee, "not-usable");
  assertEquals(resultOf(report, "visibility").found, "not done within 300 ms");
  assertEquals(resultOf(report, "clock").verdict, "ok");
});

test("what is seen late is told for each kind of change", async () => {
  const seenAt = new Map<string, number>();
  const files: FileOperations = {
    ...systemFiles,
    read: async (path) => {
      const text = await systemFiles.read(path);
      if (text !== "after it") return text;
      if (!seenAt.has(path)) seenAt.set(path, performance.now());
      return performance.now() - (seenAt.get(path) ?? 0) > 30 ? text : "before";
    },
  };
  const { values = {} } = resultOf(
    await probe({ startHelper: helper({ files }), checks: only("visibility") }),
    "visibility",
  );
  assert(Number(values["changed_median_ms"]) > 30, `${values["changed_median_ms"]}`);
  assert(Number(values["created_median_ms"]) < Number(values["changed_median_ms"]));
});

test("a clock that is an hour ahead is a warning with the distance", async () => {
  const modifiedAt = async (path: string) => await systemFiles.modifiedAt(path) + 3_600_000;
  const report = await probeWith({ modifiedAt }, "clock");
  const { verdict, found, values } = resultOf(report, "clock");
  assertEquals([verdict, report.guarantee], ["warn", "exactly-one-at-a-time"]);
  assertMatch(found, /^3600 s ahead of this machine's, .*; leases go by the filesystem's clock$/);
  assertBetween(Number(values?.["offset_ms"]), 3_599_000, 3_601_000);
});

test("a clock that goes in steps of 100 ms is told so", async () => {
  const modifiedAt = async (path: string) => Math.floor(await systemFiles.modifiedAt(path) / 100) * 100;
  // On a machine that stands still for a moment, several steps look like one.
  let step: unknown;
  for (let tries = 0; step !== 100 && tries < 5; tries++) {
    step = resultOf(await probeWith({ modifiedAt }, "clock"), "clock").values?.["step_ms"];
  }
  assertEquals(step, 100);
});

test("a clock that goes back is a warning", async () => {
  let calls = 0;
  const modifiedAt = async (path: string) => await systemFiles.modifiedAt(path) - (++calls === 10 ? 500 : 0);
  const { verdict, found } = resultOf(await probeWith({ modifiedAt }, "clock"), "clock");
  assertEquals(verdict, "warn");
  assertMatch(found, /went back: leases may end early$/);
});

test("a clock that stands still is a no", async () => {
  const report = await probeWith({ modifiedAt: () => Promise.resolve(1_000) }, "clock");
  const { verdict, found } = resultOf(report, "clock");
  assertEquals([verdict, found], ["no", "the time of a file that is written does not go forward"]);
});

test("without locks and with a clock that stands still, the directory is not usable", () => {
  const named = (name: CheckName, verdict: "ok" | "no"): CheckResult => ({
    name,
    title: name,
    verdict,
    found: "",
  });
  assertEquals(judge([named("lock", "no"), named("clock", "no")]).guarantee, "not-usable");
  assertEquals(judge([named("lock", "ok"), named("clock", "no")]).guarantee, "exactly-one-at-a-time");
  assertEquals(judge([named("lock", "no"), named("clock", "ok")]).guarantee, "at-least-once");
});

test("locks that each host keeps to itself leave at least once", () => {
  const filesystem: CheckResult = {
    name: "filesystem",
    title: "filesystem",
    verdict: "warn",
    found: "",
    values: { local_locks: "locks hold within each host only (mounted with nolock)" },
  };
  const { guarantee, reason } = judge([filesystem]);
  assertEquals(guarantee, "at-least-once");
  assertMatch(reason, /^locks hold within each host only \(mounted with nolock\); /);
});

test("what was found on a filesystem that hosts share is said to be of this host alone", () => {
  const on = (isShared: boolean): CheckResult => ({
    name: "filesystem",
    title: "filesystem",
    verdict: "ok",
    found: "",
    values: { shared_between_hosts: isShared },
  });
  assertMatch(judge([on(true)]).reason, /; as seen from this host alone$/);
  assertMatch(judge([on(false)]).reason, /its lock is free$/);
});

const LOCAL_LOCKS: readonly (readonly [type: string, options: string, reason: RegExp | undefined])[] = [
  ["nfs4", "rw,vers=4.2,local_lock=none", undefined],
  ["nfs", "rw,vers=3,nolock,local_lock=all", /mounted with nolock/],
  ["nfs", "rw,vers=3,local_lock=flock", /mounted with local_lock=flock/],
  ["nfs", "rw,vers=3,local_lock=posix", undefined],
  ["lustre", "rw,flock", undefined],
  ["lustre", "rw,localflock", /mounted with localflock/],
  ["cifs", "rw,nobrl", /mounted with nobrl/],
  ["fuse.sshfs", "rw", /may hold within each host only \(fuse.sshfs\)/],
  ["ext4", "rw,nolock", undefined],
];
for (const [type, options, reason] of LOCAL_LOCKS) {
  test(`${type} with ${options}: locks ${reason ? "do not" : "do"} reach other hosts`, () => {
    const answer = whyLocksStayHere({ point: "/x", type, options: options.split(",") });
    if (reason === undefined) assertEquals(answer, undefined);
    else assertMatch(answer ?? "", reason);
  });
}

test("an fsync that a directory refuses is a warning, one that a file refuses is a no", async () => {
  const refuse = (isRefused: (path: string) => boolean): Partial<FileOperations> => ({
    sync: (path) =>
      isRefused(path) ? Promise.reject(new Error("Invalid argument (os error 22)")) : systemFiles.sync(path),
  });
  const directory = resultOf(await probeWith(refuse((path) => path.endsWith("/fsync")), "fsync"), "fsync");
  assertEquals([directory.verdict, directory.values?.["directory"]], ["warn", false]);
  assertMatch(directory.found, /Invalid argument/);
  const file = resultOf(await probeWith(refuse((path) => path.endsWith("/file")), "fsync"), "fsync");
  assertEquals(file.verdict, "no");
});

test("without hard links, the directory is as good", async () => {
  const report = await probeWith({
    link: () => Promise.reject(new Error("Operation not permitted (os error 1)")),
  }, "hard_link");
  assertEquals([resultOf(report, "hard_link").verdict, report.guarantee], ["warn", "exactly-one-at-a-time"]);
});

test("a second process that ends fails the check, and the next ones have another", async () => {
  // One line is for its start, and one for the first race.
  const report = await probe({ startHelper: helper({ silentAfter: 1 }), checks: only("rename") })
    .catch((error: unknown) => error);
  assert(report instanceof BackendError, "one that never comes back is an error");
  let starts = 0;
  const startHelper: StartHelper = () => helper({ silentAfter: ++starts === 1 ? 1 : Infinity })();
  const { results } = await probe({ startHelper, checks: only("exclusive_create", "rename") });
  assertEquals(results.map(({ verdict }) => verdict), ["no", "ok"]);
  assertMatch(results[0]?.found ?? "", /the second one ended/);
});

test("a second process that does not start is an error, and nothing is left", async () => {
  await using dir = await TempDir.make();
  const startHelper: StartHelper = () => {
    throw new BackendError("Cannot start a second process: none");
  };
  await assertRejects(probeDirectory(dir.path, { startHelper }), BackendError);
  assertEquals(await Array.fromAsync(Deno.readDir(dir.path)), []);
});

for (const name of ["exclusive_create", "lock", "visibility", "fsync"] as const) {
  test(`an abort before ${name} ends the probe, and nothing is left`, async () => {
    await using dir = await TempDir.make();
    const controller = new AbortController();
    const checks = only(name).map((check): Check => ({
      ...check,
      run: (scene) => {
        setTimeout(() => controller.abort(), 5);
        return check.run(scene);
      },
    }));
    const options = { startHelper: helper(), signal: controller.signal, checks: [...checks, ...CHECKS] };
    assertEquals(await probeDirectory(dir.path, options), undefined);
    assertEquals(await Array.fromAsync(Deno.readDir(dir.path)), []);
  });
}

test("a directory that does not exist yet is probed in its parent", async () => {
  await using dir = await TempDir.make();
  const report = assertExists(
    await probeDirectory(`${dir.path}/later/`, { startHelper: helper(), checks: only("hard_link") }),
  );
  assertEquals([report.exists, report.place], [false, await Deno.realPath(dir.path)]);
  assertEquals(await Array.fromAsync(Deno.readDir(dir.path)), []);
});

test("without a parent, and below a file, there is no such directory", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("file"), "");
  for (const path of ["none/queue", "file", "file/queue"]) {
    const error = await assertRejects(
      probeDirectory(dir.join(path), { startHelper: helper() }),
      QueueNotFoundError,
    );
    assertMatch(error.message, /^Cannot probe ".*": .*(does not exist|is not a directory)$/);
  }
});

test("only a directory with a layout is asked about its queue", async () => {
  await using dir = await TempDir.make();
  const asked: string[] = [];
  const look = async (path: string) => {
    const describeQueue = (place: string) => Promise.resolve([`${asked.push(place)} broken`]);
    const report = await probeDirectory(path, { startHelper: helper(), checks: [], describeQueue });
    return report?.queue;
  };
  assertEquals(await look(dir.path), undefined);
  await Deno.writeTextFile(dir.join("layout.json"), "{}");
  assertEquals(await look(dir.path), ["1 broken"]);
  assertEquals(asked, [await Deno.realPath(dir.path)]);
});

test("a queue that cannot be looked at does not stop the probe", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("layout.json"), "{}");
  const describeQueue = () => Promise.reject(new Error("it is newer"));
  const report = await probeDirectory(dir.path, { startHelper: helper(), checks: [], describeQueue });
  assertEquals(report?.queue, ["cannot be looked at: it is newer"]);
});

test("diskFree() answers what df tells, and nothing where there is no such path", async () => {
  const { signal } = new AbortController();
  assert(Number((await diskFree("/", signal)).bytes) > 0);
  assertEquals(await diskFree("/no such path", signal), { bytes: undefined, inodes: undefined });
});
