import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import {
  assertOthersGoOn,
  assertPutAside,
  DAMAGES,
  filesOrDirectories,
  jobIn,
  STATES,
} from "../../support/directory_damage.ts";
import { DirectoryFixture } from "../../support/directory_queue.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { UNPRIVILEGED } from "../../support/unprivileged.ts";

for (const state of STATES) {
  test(`a job's file in ${state}/ may be cut at any length: it is the job, or is put aside`, async () => {
    await using probe = await DirectoryFixture.make();
    const whole = await Deno.readTextFile(probe.fileOf(await jobIn(probe, state)));
    // Shorter ones differ in nothing from each other.
    const first = whole.indexOf("\n") + 1;
    const lengths = [0, 1, first - 2, first - 1, first, first + 1, first + 2];
    for (let length = first + 3; length < whole.length; length += 23) lengths.push(length);
    lengths.push(whole.length - 1);
    for (const length of lengths) {
      await using it = await DirectoryFixture.make();
      const id = await jobIn(it, state);
      const path = it.fileOf(id);
      await Deno.truncate(path, length);
      await assertOthersGoOn(it, [id]);
      const job = await it.queue.get(id);
      if (length < first) {
        assertEquals(job, undefined);
        if (state !== "done") assertPutAside(it, 1);
        continue;
      }
      assertPutAside(it, 0);
      const { state: now, history } = assertExists(job, `lost with ${length} bytes`);
      if (state === "blocked") assert(["blocked", "completed"].includes(now));
      else assertEquals(now, "completed", `${length} bytes`);
      assert(history.every(({ outcome }) => outcome !== "running"));
    }
  });
}

for (const state of ["ready", "delayed", "held"] as const) {
  test(`a job that is run after its file in ${state}/ was cut keeps what comes of it`, async () => {
    for (const back of [1, 2, 40]) {
      await using it = await DirectoryFixture.make();
      const id = await jobIn(it, state);
      const path = it.fileOf(id);
      await Deno.truncate(path, (await Deno.stat(path)).size - back);
      await it.clock.jump(7_200_000);
      await (await it.next(it.open())).ack({ score: 2 }, { output: "out" });
      const { result, history } = assertExists(await it.queue.get(id));
      assertEquals([result, history.at(-1)?.output], [{ score: 2 }, "out"], `${back} bytes cut off`);
    }
  });
}

for (const state of STATES) {
  for (const [what, damage] of Object.entries(DAMAGES)) {
    test(`a job's file in ${state}/ that was ${what} is put aside and stops nobody`, async () => {
      await using it = await DirectoryFixture.make();
      const id = await jobIn(it, state);
      await damage(it.fileOf(id));
      await assertOthersGoOn(it, [id]);
      // Workers do not come across finished jobs.
      if (state !== "done") assertPutAside(it, 1);
      assertEquals(await it.queue.get(id), undefined);
    });
  }

  test(`garbage after the first line of a job's file in ${state}/ costs no job`, async () => {
    const garbage = [
      "\0\0\0\0",
      "{oops",
      "null\n",
      "7\n",
      "[]\n",
      "{}\n",
      '{"state":',
      "\u{1F4A3}",
      "\n\n\n",
    ];
    for (const text of garbage) {
      await using it = await DirectoryFixture.make();
      const id = await jobIn(it, state);
      const path = it.fileOf(id);
      const lines = (await Deno.readTextFile(path)).split("\n");
      lines.splice(1, 0, text);
      await Deno.writeTextFile(path, lines.join("\n"));
      await assertOthersGoOn(it, [id]);
      const { state: now } = assertExists(await it.queue.get(id), JSON.stringify(text));
      assertEquals(now, state === "blocked" ? "blocked" : "completed");
      assertPutAside(it, 0);
    }
  });
}

interface Story {
  readonly ran: readonly string[];
  readonly warnings: readonly string[];
}

for (const mode of [0o000, 0o200, 0o400]) {
  test(`jobs' files with the mode ${mode.toString(8)} are put aside and stop nobody`, async () => {
    await using it = await DirectoryFixture.make();
    await it.queue.enqueue([shellJob("first"), shellJob("second"), shellJob("delayed", { delayMs: 1 })]);
    const [first = "", second = "", third = ""] = (await it.queue.list({ reverse: true })).map(({ id }) =>
      id
    );
    for (const id of [first, third]) await Deno.chmod(it.fileOf(id), mode);
    await using child = new Child("directory_runner.ts", [it.path], { through: UNPRIVILEGED });
    const { ran, warnings } = JSON.parse(await child.line()) as Story;
    assertEquals([ran, warnings.length], [[second], 2]);
    assertEquals(filesOrDirectories(it.at("broken")).length, 2);
  });
}
