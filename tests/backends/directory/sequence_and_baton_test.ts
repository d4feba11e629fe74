import { openQueue } from "../../../src/backends/registry.ts";
import { assert, assertBetween, assertEquals, assertExists } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { DirectoryFixture } from "../../support/directory_queue.ts";
import { shellJob } from "../../support/jobs.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";

const SEQ: Readonly<Record<string, (path: string) => Promise<void>>> = {
  missing: (path) => Deno.remove(path),
  "filled with zeros": (path) => Deno.writeFile(path, new Uint8Array(16)),
  "cut off": (path) => Deno.truncate(path, 7),
  empty: (path) => Deno.truncate(path, 0),
  garbage: (path) => Deno.writeTextFile(path, "-1\n{oops"),
};

for (const [what, damage] of Object.entries(SEQ)) {
  for (
    const where of ["waits", "is run", "waits for its time", "waits for another", "is completed"] as const
  ) {
    test(`the numbers go on behind a job that ${where} when the file with the last one is ${what}`, async () => {
      await using it = await DirectoryFixture.make();
      for (let i = 0; i < 5; i++) await it.queue.enqueue([shellJob()]);
      for (let i = 0; i < 5; i++) await (await it.next()).ack();
      const [sixth = ""] = await it.queue.enqueue([
        shellJob("true", { delayMs: where === "waits for its time" ? 60_000 : 0 }),
      ]);
      if (where === "is run") await it.next();
      if (where === "is completed") await (await it.next()).ack();
      if (where === "waits for another") {
        await it.next();
        await it.queue.enqueue([shellJob("true", { after: [{ job: sixth }] })]);
      }
      await damage(it.at("seq"));
      const [next = ""] = await it.open().enqueue([shellJob()]);
      assertEquals(Number(next.split("-")[0]), where === "waits for another" ? 8 : 7);
    });
  }
}

test("a push goes on after a second or two while a process stands still with the lock of the numbers", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using queue = await openQueue(path);
  await queue.enqueue([shellJob()]);
  await using locker = new Child("flocker.ts", [`${path}/seq`]);
  assertEquals(await locker.line(), "locked");
  const since = performance.now();
  await queue.enqueue([shellJob(), shellJob()]);
  assertBetween(performance.now() - since, 500, 4_000);
  const ids = (await queue.peek(10)).map(({ id }) => Number(id.split("-")[0]));
  assertEquals(ids, [1, 2, 3]);
});

/** A job with a key, which wants the baton. */
const RELATED = shellJob("true", { key: "k", ifExists: "replace" });

test("related jobs can be pushed although the baton was lost", async () => {
  await using it = await DirectoryFixture.make();
  await Deno.remove(it.at("locks/baton"));
  const since = performance.now();
  await it.queue.enqueue([RELATED]);
  assertBetween(performance.now() - since, 0, 60_000);
  assertEquals((await it.queue.counts()).ready, 1);
});

/** Has a folder of a holder hold the baton until a time. @returns the folder */
async function moveBaton(it: DirectoryFixture, until: number): Promise<string> {
  const other = it.open();
  await other.enqueue([shellJob()]);
  await it.next(other);
  const held = assertExists(it.files("held").find((path) => path.endsWith("/life")));
  const folder = held.slice(0, held.lastIndexOf("/"));
  await Deno.rename(it.at("locks/baton"), it.at(`${folder}/baton.abcdefghij.${until}`));
  return folder;
}

test("the baton of a process that stands still is taken from it after a minute", async () => {
  await using it = await DirectoryFixture.make();
  await moveBaton(it, it.clock.now() + 60_000);
  let isPushed = false;
  const pushing = it.queue.enqueue([RELATED]).then(() => isPushed = true);
  await it.clock.jump(59_000);
  assertEquals(isPushed, false);
  await it.clock.jump(2_000);
  await pushing;
  assertEquals((await it.queue.counts()).ready, 1);
  assert(it.files("locks").includes("locks/baton"));
});

test("the baton of a dead process is had by those who wait for it within seconds", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using queue = await openQueue(path);
  const [id] = await queue.enqueue([shellJob()]);
  await using holder = new Child("holder.ts", [path, "600000"]);
  assertEquals(await holder.line(), `${id} 0`);
  const [folder = ""] = Array.from(Deno.readDirSync(`${path}/held`), ({ name }) => name);
  await Deno.rename(`${path}/locks/baton`, `${path}/held/${folder}/baton.abcdefghij.${Date.now() + 60_000}`);
  await holder.kill();
  const since = performance.now();
  await queue.enqueue([RELATED]);
  assertBetween(performance.now() - since, 0, 10_000);
});

test("what a late finisher adds to the file of a job that others settled changes nothing", async () => {
  await using it = await DirectoryFixture.make();
  const [id = ""] = await it.queue.enqueue([shellJob("true", { maxAttempts: 3 })]);
  const late = it.open();
  const lease = await it.next(late, 1_000);
  using file = await Deno.open(it.fileOf(id), { append: true });
  await it.clock.jump(1_001);
  await (await it.next()).ack({ score: 1 });
  const encoder = new TextEncoder();
  const lines = (await Deno.readTextFile(it.fileOf(id))).split("\n").filter((line) => line !== "");
  const token = JSON.parse(lines[1] ?? "").token as string;
  const said = { ...JSON.parse(lines.at(-1) ?? ""), token, state: "failed", result: "late" };
  for (const text of [JSON.stringify(said) + "\n", '{"state":"pend', "\n\0\0\0", "garbage\n"]) {
    await file.write(encoder.encode(text));
    const { state, result, history } = assertExists(await it.open().get(id));
    assertEquals([state, result], ["completed", { score: 1 }], text);
    assertEquals(history.map(({ outcome }) => outcome), ["lost", "completed"]);
  }
  await lease[Symbol.asyncDispose]();
  assertEquals((await it.queue.get(id))?.state, "completed");
});
