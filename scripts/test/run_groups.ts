import type { Group } from "./groups.ts";

/** What became of a group. */
export interface GroupResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** Which tests failed, of which files. */
  readonly failures: readonly string[];
  /** Lines on tests that could not run here. */
  readonly notRun: readonly string[];
}

export interface RunOptions {
  /** For the tests, besides that of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** For groups on the executable, besides the other. */
  readonly executableEnv: Readonly<Record<string, string>>;
  readonly say: (text: string) => Promise<void>;
}

/** Most of the time of a test is waiting. With more on two cores, tests that watch times would fail. */
const AT_ONCE = 3;

const root = new URL("../../", import.meta.url);

/**
 * Runs each group in a process of its own, three at a time, and answers their results in the groups' order. What they
 * print is said in this order too, one group after the other: of the first one that still runs as it comes.
 */
export async function runGroups(
  groups: readonly Group[],
  { env, executableEnv, say }: RunOptions,
): Promise<GroupResult[]> {
  const runs = groups.map((group) => ({ group, output: unboundedPipe() }));
  const results = new Map<Group, GroupResult>();
  const waiting = runs.values();
  const runNext = async () => {
    for (const { group, output } of waiting) {
      const own = group.onExecutable ? { ...env, ...executableEnv } : env;
      results.set(group, await run(group, { env: own, output: output.writable }));
    }
  };
  const lanes = Promise.all(Array.from({ length: AT_ONCE }, runNext));
  for (const { group, output } of runs) {
    await say(`\n=== ${group.name} ===\n\n`);
    for await (const piece of output.readable) await say(piece);
  }
  await lanes;
  return groups.flatMap((group) => results.get(group) ?? []);
}

/** A process may not have to wait until it is its group's turn to be shown. */
function unboundedPipe(): TransformStream<string, string> {
  return new TransformStream({}, undefined, { highWaterMark: Infinity });
}

interface GroupOptions extends Pick<RunOptions, "env"> {
  /** Is closed at the end. */
  readonly output: WritableStream<string>;
}

async function run({ name, args }: Group, { env, output }: GroupOptions): Promise<GroupResult> {
  const begun = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...args],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
    env: { ...env, NO_COLOR: "1" },
  }).spawn();
  const errors = new Response(child.stderr).text();
  const writer = output.getWriter();
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    await writer.write(piece);
  }
  await writer.write(await errors);
  await writer.close();
  const { success } = await child.status;
  return { name, seconds: (performance.now() - begun) / 1_000, ...readOutput(text, { name, success }) };
}

/** Finds in what `deno test` printed what it found. */
function readOutput(
  text: string,
  { name, success }: { name: string; success: boolean },
): Pick<GroupResult, "passed" | "failed" | "failures" | "notRun"> {
  // "ok | 5 passed (2 steps) | 1 failed | 1 ignored (3s)"
  const [, ok, bad] = [...text.matchAll(/^.*\| (\d+) passed.*?\| (\d+) failed/gm)].at(-1) ?? [];
  const failures = findFailures(text);
  // A run can also fail outside of its tests, for example in a module that cannot be loaded.
  const hasFailed = !success || ok === undefined;
  if (hasFailed && failures.length === 0) failures.push(`the run of the group "${name}" itself`);
  return {
    passed: Number(ok ?? 0),
    failed: Math.max(Number(bad ?? 0), hasFailed ? 1 : 0),
    failures,
    notRun: text.match(/^DID NOT RUN: .*$/gm) ?? [],
  };
}

/** With their files: deno itself names the place at which `test()` calls it, which is the same for all. */
function findFailures(text: string): string[] {
  const failures: string[] = [];
  let file = "";
  for (const line of text.split("\n")) {
    file = /^running \d+ tests? from \.\/(.+)$/.exec(line)?.[1] ?? file;
    const test = /^(\S.*) \.\.\. (?:FAILED|cancelled)\b/.exec(line)?.[1];
    if (test !== undefined) failures.push(`${file}: ${test}`);
    const module = /^Uncaught error from \.\/(.+) FAILED$/.exec(line)?.[1];
    if (module !== undefined) failures.push(`${module}: an error outside of its tests`);
  }
  return failures;
}
