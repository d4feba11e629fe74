import { systemClock } from "../../../core/clock.ts";
import type { Finding, Scene } from "./check.ts";
import { median, milliseconds, round } from "./numbers.ts";
import type { Sight } from "./side.ts";

/** What is not seen by another process after this, in ms, is taken for not seen at all. */
const GIVE_UP_MS = 60_000;
/** Workers wait about as long, in ms, before they look again. */
const SLOW_MS = 2_000;
const ROUNDS = 20;
/** No round begins after this, in ms. */
const BUDGET_MS = 20_000;

type Kind = "created" | "renamed" | "changed" | "removed";
const KINDS: Readonly<Record<Kind, string>> = {
  created: "new file",
  renamed: "rename",
  changed: "content",
  removed: "removal",
};

/** How long until another process sees what this one changed, by the name, in the directory and in the content. */
export async function checkVisibility(scene: Scene): Promise<Finding> {
  const delays: Record<Kind, number[]> = { created: [], renamed: [], changed: [], removed: [] };
  const startedAt = performance.now();
  for (let index = 0; index < ROUNDS && !scene.signal.aborted; index++) {
    if (index > 0 && performance.now() - startedAt > BUDGET_MS) break;
    const seen = await runRound(scene, index);
    for (const kind of Object.keys(KINDS) as Kind[]) delays[kind].push(seen[kind]);
    if (Object.values(seen).includes(Infinity)) break;
  }
  return judge(delays);
}

function judge(delays: Readonly<Record<Kind, readonly number[]>>): Finding {
  const kinds = Object.keys(KINDS) as Kind[];
  const missed = kinds.find((kind) => delays[kind].includes(Infinity));
  const values = Object.fromEntries(kinds.flatMap((kind) => [
    [`${kind}_median_ms`, finite(median(delays[kind]))],
    [`${kind}_max_ms`, finite(Math.max(...delays[kind]))],
  ]));
  if (missed !== undefined) {
    const found = `${KINDS[missed]}: another process did not see it in ${milliseconds(GIVE_UP_MS)}`;
    return { verdict: "no", found, values };
  }
  const slowest = Math.max(...kinds.flatMap((kind) => delays[kind]));
  const parts = kinds.map((kind) => `${KINDS[kind]} ${milliseconds(median(delays[kind]))}`);
  return {
    verdict: slowest > SLOW_MS ? "slow" : "ok",
    found: `${parts.join(", ")} (median of ${delays.created.length}); at most ${milliseconds(slowest)}`,
    values,
  };
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? round(ms) : undefined;
}

/** Answers for each kind after how many ms it was seen; Infinity for never. */
async function runRound(scene: Scene, index: number): Promise<Record<Kind, number>> {
  const { directory, files } = scene;
  const names = Object.fromEntries(
    ["new", "from", "to", "content", "gone"].map((name) => [name, `${name}-${index}`]),
  );
  const path = (name: string) => `${directory}/${names[name]}`;
  const see = (name: string, expected: boolean): Sight[] =>
    (["stat", "list"] as const).map((by) => ({ directory, name: names[name] ?? name, by, expected }));
  const read = (expected: string): Sight => ({
    directory,
    name: names["content"] ?? "",
    by: "content",
    expected,
  });
  for (const name of ["from", "content", "gone"]) await files.write(path(name), "before");
  // What it has looked at before, it may remember: that is what is to be found out.
  const before = [
    see("new", false),
    see("from", true),
    see("to", false),
    [read("before")],
    see("gone", true),
  ];
  const primed = await untilSeen(scene, before.flat(), before.flat().map(() => performance.now()));
  if (primed.includes(Infinity)) return { created: Infinity, renamed: NaN, changed: NaN, removed: NaN };

  const changes: readonly [Kind, readonly Sight[], () => Promise<void>][] = [
    ["created", see("new", true), () => files.write(path("new"), "new")],
    ["renamed", [...see("from", false), ...see("to", true)], () => files.rename(path("from"), path("to"))],
    ["changed", [read("after it")], () => files.write(path("content"), "after it")],
    ["removed", see("gone", false), () => files.remove(path("gone"))],
  ];
  const changedAt = new Map<Kind, number>();
  for (const [kind, , change] of changes) {
    await change();
    changedAt.set(kind, performance.now());
  }
  const sights = changes.flatMap(([kind, list]) => list.map((sight) => ({ kind, sight })));
  const delays = await untilSeen(
    scene,
    sights.map(({ sight }) => sight),
    sights.map(({ kind }) => changedAt.get(kind) ?? 0),
  );
  const seen: Record<Kind, number> = { created: 0, renamed: 0, changed: 0, removed: 0 };
  sights.forEach(({ kind }, position) => {
    seen[kind] = Math.max(seen[kind], delays[position] ?? Infinity);
  });
  return seen;
}

/** Has the other process look until all is seen; answers how long after its instant each was; Infinity for never. */
async function untilSeen(
  { there, signal }: Scene,
  sights: readonly Sight[],
  since: readonly number[],
): Promise<readonly number[]> {
  const delays = sights.map(() => Infinity);
  const startedAt = performance.now();
  for (;;) {
    const open = delays.flatMap((delay, index) => delay === Infinity ? [index] : []);
    const answers = await there.look(open.flatMap((index) => sights[index] ?? []), signal);
    const now = performance.now();
    open.forEach((index, position) => {
      if (answers[position]) delays[index] = now - (since[index] ?? now);
    });
    const waited = now - startedAt;
    if (!delays.includes(Infinity) || waited > GIVE_UP_MS || signal.aborted) return delays;
    await systemClock.sleep(waited < 100 ? 1 : 20, signal);
  }
}
