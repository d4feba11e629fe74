import { assertEquals, assertExists } from "../../support/assert.ts";
import { assertOthersGoOn, DAMAGES, directoryOf, jobIn } from "../../support/directory_damage.ts";
import { DirectoryFixture } from "../../support/directory_queue.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";

/** Files besides those of jobs. */
const OWN = ["life", "renewals", "result", "key", "worker", "stop", "worker's stop", "seq", "baton"] as const;

async function pathOf(it: DirectoryFixture, own: (typeof OWN)[number]): Promise<string> {
  const { queue } = it;
  switch (own) {
    case "life":
    case "renewals": {
      const id = await jobIn(it, "held");
      const path = `${directoryOf(it.fileOf(id))}/${own}`;
      return path;
    }
    case "result": {
      await queue.enqueue([shellJob()]);
      await (await it.next()).ack("x".repeat(40_000));
      return it.at(assertExists(it.files("results")[0]));
    }
    case "key":
      await queue.enqueue([shellJob("keyed", { key: "k", ifExists: "skip" })]);
      return it.at(assertExists(it.files("keys")[0]));
    case "worker":
    case "worker's stop":
      await queue.workers.register({ id: "w", host: "h", pid: 1, slots: 1 });
      await queue.workers.stop("w", "drain");
      return it.at(own === "worker" ? "workers/w.json" : "workers/w.stop");
    case "stop": {
      const id = await jobIn(it, "held");
      await queue.cancel([id]);
      return it.at(assertExists(it.files("held").find((path) => path.includes("/stop."))));
    }
    case "seq":
      await queue.enqueue([shellJob()]);
      return it.at("seq");
    case "baton":
      return it.at("locks/baton");
  }
}

for (const own of OWN) {
  for (const what of ["filled with zeros", "emptied", "given garbage"] as const) {
    test(`the file "${own}" stops nobody when it was ${what}`, async () => {
      await using it = await DirectoryFixture.make();
      const path = await pathOf(it, own);
      if (what === "given garbage") await Deno.writeTextFile(path, '{"oops":[\u0007');
      else await DAMAGES[what]?.(path);
      const ids = (await it.queue.list()).map(({ id }) => id);
      await assertOthersGoOn(it, ids);
      assertEquals((await it.queue.counts()).unfinished, 0);
    });
  }
}

for (const own of OWN) {
  // Without these nothing can be pushed, which is said.
  if (own === "seq" || own === "baton") continue;

  test(`the file "${own}" stops nobody when it is a directory`, async () => {
    await using it = await DirectoryFixture.make();
    const path = await pathOf(it, own);
    await DAMAGES["made a directory"]?.(path);
    const ids = (await it.queue.list()).map(({ id }) => id);
    await assertOthersGoOn(it, ids);
  });
}
