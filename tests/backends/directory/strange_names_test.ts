import { assert, assertEquals } from "../../support/assert.ts";
import { assertOthersGoOn, assertPutAside, directoryOf, jobIn } from "../../support/directory_damage.ts";
import { DirectoryFixture, filesBelow } from "../../support/directory_queue.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";

const STRANGE = [
  "x",
  ".hidden",
  "000000000000001-a.b.c.d.e",
  "a b;c",
  "\u{1F4A3}",
  "漢".repeat(85),
  "x".repeat(255),
];

const PLACES: Readonly<Record<string, (it: DirectoryFixture) => Promise<string>>> = {
  "a page of ready/": async (it) => directoryOf(it.fileOf((await it.queue.enqueue([shellJob()]))[0] ?? "")),
  "a page of delayed/": async (it) => directoryOf(it.fileOf(await jobIn(it, "delayed"))),
  "a page of blocked/": async (it) => directoryOf(it.fileOf(await jobIn(it, "blocked"))),
  "a page of done/": async (it) => directoryOf(it.fileOf(await jobIn(it, "done"))),
  "a holder's folder": async (it) => directoryOf(it.fileOf(await jobIn(it, "held"))),
};

for (const [what, prepare] of Object.entries(PLACES)) {
  test(`files with names from elsewhere in ${what} stop nobody`, async () => {
    await using it = await DirectoryFixture.make();
    const directory = await prepare(it);
    for (const name of STRANGE) await Deno.writeTextFile(`${directory}/${name}`, "from elsewhere");
    await assertOthersGoOn(it, []);
    if (/ready|delayed|blocked/.test(what)) assertPutAside(it, STRANGE.length);
    const left = it.files().filter((path) => STRANGE.some((name) => path.endsWith(`/${name}`)));
    const aside = filesBelow(it.path).filter((path) => path.startsWith("broken/"));
    assertEquals(left.length + aside.length, STRANGE.length, "a file of somebody is gone");
  });
}

/** Where names of jobq lie between others. */
const LEVELS = [
  "ready",
  "ready/0002",
  "delayed",
  "blocked",
  "held",
  "done",
  "done/completed",
  "children",
  "workers",
  "keys",
  "keys/000",
  "batches",
  "batches/abc",
  "batches/abc/0",
  "batches/abc.new",
  "tmp",
  "locks",
  "results",
  "logs",
];

for (const level of LEVELS) {
  test(`files and directories with names from elsewhere in ${level}/ stop nobody and stay in the queue`, async () => {
    await using it = await DirectoryFixture.make();
    await Deno.mkdir(it.at(level), { recursive: true });
    for (
      const name of [...STRANGE.slice(0, 5), "17", "007", "..!..!escaped", "layout.json", "x.json", "x.stop"]
    ) {
      await Deno.writeTextFile(it.at(`${level}/${name}`), "from elsewhere");
    }
    await Deno.mkdir(it.at(`${level}/directory/with/another`), { recursive: true });
    await assertOthersGoOn(it, []);
    const around = Array.from(Deno.readDirSync(directoryOf(it.path)), ({ name }) => name);
    assertEquals(around, ["queue"]);
    assert(/"version":1/.test(await Deno.readTextFile(it.at("layout.json"))));
    it.open();
  });
}
