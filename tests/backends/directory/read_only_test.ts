import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { filesBelow } from "../../support/directory_queue.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test } from "../../support/testing.ts";
import { UNPRIVILEGED } from "../../support/unprivileged.ts";
import { waitUntil } from "../../support/wait_until.ts";

interface Answer {
  readonly ids: readonly string[];
  readonly states: readonly string[];
  readonly executions: readonly number[];
  readonly summary: { readonly completed: number; readonly failed: number; readonly lost: number };
  readonly warnings: readonly string[];
}

async function setModes(path: string, mode: number): Promise<void> {
  const inner: string[] = [];
  const look = (directory: string) => {
    inner.push(directory);
    for (const { name, isDirectory } of Deno.readDirSync(directory)) {
      if (isDirectory) look(`${directory}/${name}`);
    }
  };
  look(path);
  for (const directory of inner) await Deno.chmod(directory, mode).catch(() => {});
}

async function assertAllRun(child: Child): Promise<Answer> {
  const answer = JSON.parse(await child.line()) as Answer;
  assertEquals(answer.states, answer.ids.map(() => "completed"));
  assertEquals(
    answer.summary.completed,
    answer.ids.length,
    "completed by another execution than the worker's",
  );
  assertEquals(answer.executions, answer.ids.map(() => 1), "a job was run again");
  assertEquals([answer.summary.failed, answer.summary.lost], [0, 0]);
  assert(answer.warnings.length > 0, "it was not noticed");
  return answer;
}

test("a worker lives on while its queue may not be written, and goes on when it may be again", async () => {
  await using directory = await TempDir.make();
  const path = directory.join("queue");
  await using child = new Child("directory_worker.ts", [path, "30"], { through: UNPRIVILEGED });
  assertEquals(await child.line(), "pushed");
  const completed = () => filesBelow(path).filter((file) => file.startsWith("done/completed/")).length;
  await waitUntil(() => completed() > 3);
  try {
    await setModes(path, 0o555);
    const before = completed();
    await waitUntil(async () => /warned/.test(await child.line()));
    assert(completed() <= before + 1, "it was not read-only");
  } finally {
    await setModes(path, 0o755);
  }
  const { warnings } = await assertAllRun(child);
  assertMatch(warnings.join("\n"), /Permission denied/);
});
