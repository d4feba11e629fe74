import { assert, assertBetween, assertEquals } from "../assert.ts";
import { Child } from "../child.ts";
import { TempDir } from "../temp_dir.ts";
import { testWhere } from "../testing.ts";
import { waitUntil } from "../wait_until.ts";
import { buildShim, shimEnv, type ShimOptions } from "./shim.ts";

const library = await buildShim();

/** Longer than any test. */
const LONG_MS = 3_600_000;
/** Longer than a process takes that runs already; what is older is seen. */
const SHORT_MS = 2_000;

/** A name of an operation, and the paths of what it is done to, in the share unless they begin with "/". */
type Told = readonly [operation: string, path: string, other?: string];

/** A directory, and a process for which it is a share. */
class Share implements AsyncDisposable {
  readonly directory: TempDir;
  readonly #child: Child;

  private constructor(directory: TempDir, child: Child) {
    this.directory = directory;
    this.#child = child;
  }

  static async make(options: Omit<ShimOptions, "library" | "directory">): Promise<Share> {
    const directory = await TempDir.make();
    const env = shimEnv({ library: library ?? "", directory: directory.path, ...options });
    const share = new Share(directory, new Child("slow_share/program.ts", [], { env }));
    // It has started.
    await share.tell();
    return share;
  }

  /** A path in it. */
  at(path: string): string {
    return path.startsWith("/") ? path : this.directory.join(path);
  }

  /** Has the process do that, and answers what it says of each. */
  async tell(...operations: readonly Told[]): Promise<unknown> {
    const absolute = operations.map((
      [name, ...paths],
    ) => [name, ...paths.map((path) => this.at(path ?? ""))]);
    await this.#child.tell(`${JSON.stringify(absolute)}\n`);
    return JSON.parse(await this.#child.line());
  }

  /** What the directory really holds. */
  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.directory.path), ({ name }) => name)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    await this.directory[Symbol.asyncDispose]();
  }
}

/** Waits until what there is is so old. */
async function age(ms: number): Promise<void> {
  const begun = Date.now();
  await waitUntil(() => Date.now() - begun >= ms);
}

function shareTest(name: string, fn: () => Promise<void>): void {
  testWhere(library !== undefined, "a C compiler and Linux", `a slow share: ${name}`, fn);
}

for (
  const operation of [
    ["stat", "file"],
    ["lstat", "file"],
    ["read", "file"],
    ["touch", "file"],
    ["rename", "file", "renamed"],
    ["link", "file", "linked"],
    ["remove", "file"],
    ["list", "folder"],
    ["remove", "folder"],
    ["read", "folder/below"],
    ["write", "folder/new"],
  ] as const
) {
  shareTest(`${operation.join(" ")} does not find what another process has just made`, async () => {
    await using share = await Share.make({ delayMs: LONG_MS });
    await Deno.writeTextFile(share.at("file"), "text");
    await Deno.mkdir(share.at("folder"));
    await Deno.writeTextFile(share.at("folder/below"), "text");
    assertEquals(await share.tell(operation), ["ENOENT"]);
    assertEquals(await share.names(), ["file", "folder"]);
  });
}

shareTest("lists leave out what another process has just made", async () => {
  await using share = await Share.make({ delayMs: LONG_MS });
  await Deno.writeTextFile(share.at("file"), "text");
  assertEquals(await share.tell(["list", ""], ["write", "own"], ["list", ""]), [[], "done", ["own"]]);
});

shareTest("what another process has just made is in the way all the same", async () => {
  await using share = await Share.make({ delayMs: LONG_MS });
  await Deno.writeTextFile(share.at("file"), "text");
  assertEquals(
    await share.tell(["create", "file"], ["mkdir", "file"], ["write", "own"], ["link", "own", "file"]),
    ["EEXIST", "EEXIST", "done", "EEXIST"],
  );
});

shareTest("an entry is found when the time is over", async () => {
  await using share = await Share.make({ delayMs: 200 });
  await Deno.writeTextFile(share.at("file"), "text");
  await age(250);
  assertEquals(await share.tell(["read", "file"], ["list", ""]), ["text", ["file"]]);
});

shareTest("an old entry that another process moved is not found, and then is", async () => {
  await using share = await Share.make({ delayMs: SHORT_MS });
  await Deno.writeTextFile(share.at("before"), "text");
  await Deno.mkdir(share.at("folder before"));
  await age(SHORT_MS);
  const seen: readonly Told[] = [["stat", "before"], ["list", "folder before"]];
  assertEquals(await share.tell(...seen), [true, []]);
  await Deno.rename(share.at("before"), share.at("after"));
  await Deno.rename(share.at("folder before"), share.at("folder after"));
  assertEquals(await share.tell(["stat", "after"], ["list", "folder after"]), ["ENOENT", "ENOENT"]);
  await waitUntil(async () => `${await share.tell(["stat", "after"], ["list", "folder after"])}` === "true,");
});

shareTest("an old entry that another process writes to, or touches, is found all the time", async () => {
  await using share = await Share.make({ delayMs: SHORT_MS });
  await Deno.writeTextFile(share.at("written"), "");
  await Deno.writeTextFile(share.at("touched"), "");
  await Deno.mkdir(share.at("folder"));
  await age(SHORT_MS);
  await Deno.writeTextFile(share.at("written"), "text");
  await Deno.utime(share.at("touched"), new Date(), new Date());
  await Deno.writeTextFile(share.at("folder/below"), "text");
  assertEquals(
    await share.tell(["read", "written"], ["stat", "touched"], ["list", "folder"]),
    ["text", true, []],
  );
});

shareTest("a process finds at once what it made, linked or moved itself", async () => {
  await using share = await Share.make({ delayMs: LONG_MS });
  await share.tell(["write", "file"], ["link", "file", "linked"], ["rename", "file", "moved"]);
  await share.tell(["mkdir", "folder"], ["write", "folder/below"], ["rename", "folder", "moved folder"]);
  assertEquals(
    await share.tell(["read", "moved"], ["read", "linked"], ["read", "moved folder/below"], ["list", ""]),
    ["text", "text", "text", ["linked", "moved", "moved folder"]],
  );
});

shareTest("what a process made and another moved, or made again, is not found", async () => {
  await using share = await Share.make({ delayMs: LONG_MS });
  await share.tell(["write", "file"], ["write", "removed"], ["remove", "removed"]);
  await Deno.rename(share.at("file"), share.at("moved"));
  await Deno.writeTextFile(share.at("removed"), "");
  assertEquals(await share.tell(["stat", "moved"], ["stat", "removed"]), ["ENOENT", "ENOENT"]);
});

shareTest("no link leads past it, and what is beside it is left alone", async () => {
  await using beside = await TempDir.make();
  await using share = await Share.make({ delayMs: LONG_MS, repeatPercent: 100, stalePercent: 100 });
  await Deno.symlink(share.directory.path, beside.join("link"));
  await Deno.writeTextFile(share.at("file"), "text");
  await Deno.writeTextFile(beside.join("file"), "text");
  assertEquals(
    await share.tell(
      ["stat", beside.join("link/file")],
      ["read", beside.join("file")],
      ["rename", beside.join("file"), beside.join("moved")],
    ),
    ["ENOENT", "text", "done"],
  );
});

shareTest("what is asked for twice is done, and answers that it could not be", async () => {
  await using share = await Share.make({ repeatPercent: 100 });
  assertEquals(
    await share.tell(
      ["write", "file"],
      ["rename", "file", "moved"],
      ["link", "moved", "linked"],
      ["remove", "moved"],
      ["mkdir", "folder"],
      ["mkdir", "gone"],
      ["remove", "gone"],
    ),
    ["done", "ENOENT", "EEXIST", "ENOENT", "EEXIST", "EEXIST", "ENOENT"],
  );
  assertEquals(await share.names(), ["folder", "linked"]);
});

/** How many of 200 answers are these. */
function count(answers: unknown, answer: string): number {
  assert(Array.isArray(answers) && answers.length === 200);
  return answers.filter((it) => it === answer).length;
}

shareTest("so many of a hundred are asked for twice", async () => {
  await using share = await Share.make({ repeatPercent: 30 });
  const answers = await share.tell(...Array.from({ length: 200 }, (_, i): Told => ["mkdir", `${i}`]));
  assertBetween(count(answers, "EEXIST"), 20, 110);
  assertEquals((await share.names()).length, 200);
});

for (const operation of ["stat", "read"]) {
  shareTest(`so many of a hundred times, ${operation} finds that the file is stale`, async () => {
    await using share = await Share.make({ stalePercent: 30 });
    await Deno.writeTextFile(share.at("file"), "text");
    const answers = await share.tell(...Array.from({ length: 200 }, (): Told => [operation, "file"]));
    assertBetween(count(answers, "Stale file handle"), 20, 110);
  });
}

for (
  const [locks, message] of [
    ["ENOLCK", "No locks available"],
    ["ENOSYS", "Function not implemented"],
    ["ESTALE", "Stale file handle"],
  ] as const
) {
  shareTest(`its locks answer ${locks}, others work`, async () => {
    await using beside = await TempDir.make();
    await using share = await Share.make({ locks });
    assertEquals(
      await share.tell(
        ["lock", "file"],
        ["lock database", "database"],
        ["lock", beside.join("file")],
        ["lock database", beside.join("database")],
      ),
      [message, "ERR_SQLITE_ERROR", true, "done"],
    );
  });
}

shareTest("with nothing asked for, all works", async () => {
  await using share = await Share.make({});
  await Deno.writeTextFile(share.at("file"), "text");
  assertEquals(
    await share.tell(
      ["read", "file"],
      ["rename", "file", "moved"],
      ["lock", "moved"],
      ["lock database", "database"],
      ["list", ""],
    ),
    ["text", "done", true, "done", ["database", "moved"]],
  );
});
