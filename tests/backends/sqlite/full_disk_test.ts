import { Connection } from "../../../src/backends/sqlite/connection.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { BackendError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { findUnshare } from "../../support/unshare.ts";

interface Refusal {
  readonly acknowledged: readonly string[];
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string;
  readonly transient: boolean;
}

interface Rest {
  readonly acknowledged: readonly string[];
  readonly there: readonly string[];
}

/** Reads the filler's two answers. `makeRoom` comes between them. */
async function assertNothingLost(
  child: Child,
  message: RegExp,
  makeRoom: () => Promise<void>,
): Promise<void> {
  await child.tell();
  const refusal = JSON.parse(await child.line()) as Refusal;
  assertMatch(refusal.message, message);
  assertEquals([refusal.exitCode, refusal.transient], [5, true]);
  assert(refusal.hint && refusal.acknowledged.length > 3);
  await makeRoom();
  await child.tell();
  const { acknowledged, there } = JSON.parse(await child.line()) as Rest;
  assertEquals(there, acknowledged);
  assertEquals(acknowledged.length, refusal.acknowledged.length + 1);
}

/** Sets the largest size of a file that the process may write. */
async function limitFileSize(pid: number, limit: string): Promise<void> {
  const { code, stderr } = await new Deno.Command("prlimit", {
    args: ["--pid", `${pid}`, `--fsize=${limit}`],
  })
    .output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

test("a push over the limit of a file's size fails, and nothing that was acknowledged is lost", async () => {
  await using directory = await TempDir.make();
  // Without the trap the kernel would end the process.
  const through = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"];
  await using child = new Child("filler.ts", [directory.join("jobs.db")], { through });
  assertEquals(await child.line(), "ready");
  await limitFileSize(child.pid, "1000000:");
  await assertNothingLost(
    child,
    /the disk cannot be read or written|the disk is full/,
    () => limitFileSize(child.pid, "unlimited:"),
  );
});

const unshare = await findUnshare();
testWhere(
  unshare.length > 0,
  "the right to mount a tmpfs",
  "a push to a full disk fails and says so, and nothing that was acknowledged is lost",
  async () => {
    await using directory = await TempDir.make();
    const mount =
      'mount -t tmpfs -o size=3m tmpfs "$0" && head -c 1000000 /dev/zero > "$0/ballast" && exec "$@"';
    await using child = new Child("filler.ts", [directory.join("jobs.db"), directory.join("ballast")], {
      through: [...unshare, "sh", "-c", mount, directory.path],
    });
    assertEquals(await child.line(), "ready");
    await assertNothingLost(child, /the disk is full/, () => Promise.resolve());
  },
);

test("SQLite's own word for a full disk is a BackendError that says so", async () => {
  await using directory = await TempDir.make();
  const options = {
    path: directory.join("jobs.db"),
    durability: "full",
    clock: systemClock,
    log: silentLogger,
  } as const;
  using connection = await Connection.open(options);
  connection.database.exec("PRAGMA max_page_count = 10");
  const filling = connection.write({ action: "push to", durable: true }, () => {
    for (;;) connection.database.exec(`INSERT INTO queues (name) VALUES (hex(randomblob(2000)))`);
  });
  const error = await assertRejects(filling, BackendError);
  assert(error.message.endsWith("the disk is full") && error.transient);
});
