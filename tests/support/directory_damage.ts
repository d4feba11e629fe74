import { assert, assertEquals } from "./assert.ts";
import type { DirectoryFixture } from "./directory_queue.ts";
import { FAILURE, shellJob } from "./jobs.ts";

/** Where a job's file is. */
export type State = "ready" | "delayed" | "blocked" | "held" | "done";

/** All of them. */
export const STATES: readonly State[] = ["ready", "delayed", "blocked", "held", "done"];

/** A job in a state, with the lines of an earlier execution where one can have been. */
export async function jobIn(it: DirectoryFixture, state: State): Promise<string> {
  const { queue } = it;
  if (state === "blocked") {
    const [parent = ""] = await queue.enqueue([shellJob("parent")]);
    await (await it.next()).retry({ delayMs: 86_400_000, failure: FAILURE });
    const [id = ""] = await queue.enqueue([shellJob("broken", { after: [{ job: parent }] })]);
    return id;
  }
  const [id = ""] = await queue.enqueue([shellJob("broken", { maxAttempts: 5 })]);
  const lease = await it.next();
  if (state === "ready") await lease.retry({ delayMs: 0, failure: FAILURE });
  if (state === "delayed") await lease.retry({ delayMs: 10_000, failure: FAILURE });
  if (state === "done") await lease.ack({ score: 1 });
  return id;
}

/** Nobody is stopped: another job is run, and all can be looked at. */
export async function assertOthersGoOn(it: DirectoryFixture, ids: readonly string[]): Promise<void> {
  const fresh = it.open();
  const others = await fresh.enqueue([shellJob("other"), shellJob("later", { delayMs: 5_000 })]);
  await look(it, ids);
  await it.clock.jump(7_200_000);
  const ran = await it.runAll(fresh);
  assertEquals(others.filter((id) => !ran.includes(id)), []);
  await look(it, ids);
  await fresh.wait(others);
  await it.clock.jump(7_200_000);
  await it.runAll(fresh);
}

async function look(it: DirectoryFixture, ids: readonly string[]): Promise<void> {
  const { queue } = it;
  await queue.counts();
  await queue.list();
  await queue.list({ sort: "updated", states: ["failed", "completed"] });
  await queue.peek(100);
  await queue.stats();
  await queue.findIds("1", { limit: 10 });
  await queue.deadLetters.list();
  await queue.workers.list();
  for (const id of ids) await queue.get(id);
  for (const id of ids) await queue.position(id);
}

/** Warnings, one for each file that was put aside. */
export function assertPutAside(it: DirectoryFixture, count: number): void {
  const broken = filesOrDirectories(it.at("broken"));
  assertEquals([broken.length, it.warnings.length], [count, count], it.warnings.join("\n"));
  for (const warning of it.warnings) assert(/put aside/.test(warning), warning);
}

/** What is in a directory; nothing when there is none. */
export function filesOrDirectories(path: string): string[] {
  try {
    return Array.from(Deno.readDirSync(path), ({ name }) => name);
  } catch {
    return [];
  }
}

/** What may come to a file. */
export const DAMAGES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "filled with zeros": async (path) => {
    await Deno.writeFile(path, new Uint8Array((await Deno.stat(path)).size));
  },
  "emptied": (path) => Deno.truncate(path, 0),
  "made a directory": async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(`${path}/below`, { recursive: true });
  },
  "made a link to nowhere": async (path) => {
    await Deno.remove(path);
    await Deno.symlink("/nowhere/at/all", path);
  },
  "given the content of another job": async (path) => {
    await Deno.writeTextFile(
      path,
      (await Deno.readTextFile(path)).replace(/"suffix":"\w+"/, '"suffix":"other"'),
    );
  },
  "given bytes that are no text in the first line": async (path) => {
    const bytes = await Deno.readFile(path);
    bytes.set([0xff, 0xfe, 0x22, 0x00], 12);
    await Deno.writeFile(path, bytes);
  },
};

/** The directory that something is in. */
export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
