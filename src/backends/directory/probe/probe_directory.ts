import { DONE, onAbort } from "../../../core/abort.ts";
import { systemClock } from "../../../core/clock.ts";
import { errorMessage } from "../../../core/errors.ts";
import { type Logger, silentLogger } from "../../../log/logger.ts";
import type { Check, CheckResult, Finding, Scene } from "./check.ts";
import { checkClock } from "./clock_check.ts";
import { checkDurability } from "./durability.ts";
import { checkExclusiveCreate } from "./exclusive_create.ts";
import { type FileOperations, systemFiles } from "./file_operations.ts";
import { checkFilesystem } from "./filesystem.ts";
import { judge, type Judgement } from "./guarantee.ts";
import { checkHardLink } from "./hard_link.ts";
import { checkLocks } from "./locks.ts";
import { milliseconds } from "./numbers.ts";
import { OtherProcess, type StartHelper } from "./other_process.ts";
import { checkRename } from "./rename_claim.ts";
import { findPlace, Scratch } from "./scratch.ts";
import { LocalSide } from "./side.ts";
import { checkVisibility } from "./visibility.ts";

/** The checks, in their order. */
export const CHECKS: readonly Check[] = [
  { name: "filesystem", title: "filesystem", limitMs: 15_000, run: checkFilesystem },
  { name: "exclusive_create", title: "exclusive create", limitMs: 90_000, run: checkExclusiveCreate },
  { name: "rename", title: "rename as a claim", limitMs: 120_000, run: checkRename },
  { name: "hard_link", title: "hard links", limitMs: 15_000, run: checkHardLink },
  { name: "lock", title: "locks", limitMs: 60_000, run: checkLocks },
  { name: "visibility", title: "visibility", limitMs: 180_000, run: checkVisibility },
  { name: "clock", title: "clock", limitMs: 30_000, run: checkClock },
  { name: "fsync", title: "fsync", limitMs: 60_000, run: checkDurability },
];

export interface ProbeOptions {
  readonly startHelper: StartHelper;
  /** Default: nobody is told. */
  readonly log?: Logger;
  /** Stops the checks; what was made for them is removed first. */
  readonly signal?: AbortSignal;
  /** Told of each result as soon as it is there. */
  readonly onResult?: (result: CheckResult) => void;
  /** What the queue in the directory, if there is one, has to tell of itself: a line each. */
  readonly describeQueue?: (path: string) => Promise<readonly string[]>;
  /** The files of this process. Default: the system's. */
  readonly files?: FileOperations;
  /** Default: all. */
  readonly checks?: readonly Check[];
}

/** What is found out about a directory, or, while it does not exist, about its parent. */
export interface ProbeReport extends Judgement {
  /** Where the checks were made, without symbolic links. */
  readonly place: string;
  /** Whether the directory itself exists. */
  readonly exists: boolean;
  readonly results: readonly CheckResult[];
  /** What the queue in it tells of itself; undefined when there is none, or nobody to ask it. */
  readonly queue?: readonly string[];
}

/**
 * Makes the checks with this process and a second one, in a private directory that is removed afterwards; undefined
 * when it was stopped by the signal.
 *
 * @throws {QueueNotFoundError} when not even the parent exists, {AccessDeniedError} where this user may not write,
 * {BackendError} when the second process does not start
 */
export async function probeDirectory(path: string, options: ProbeOptions): Promise<ProbeReport | undefined> {
  const { startHelper, log = silentLogger, signal, onResult, files = systemFiles, checks = CHECKS } = options;
  const { path: place, exists } = await findPlace(path);
  if (!exists) log.info(`"${path}" does not exist yet: its parent is probed`, { place });
  await using scratch = await Scratch.make(place, log);
  if (signal?.aborted) return undefined;
  await using there = await startOther(startHelper, signal);
  if (there === undefined) return undefined;
  using here = new LocalSide(files);
  const results: CheckResult[] = [];
  for (const check of checks) {
    log.debug(`checking: ${check.title}`);
    const directory = `${scratch.path}/${check.name}`;
    const finding = await runCheck(check, { directory, place, files, here, there, log }, signal);
    // What is left of it, if any, goes with the whole.
    await Deno.remove(directory, { recursive: true }).catch(() => {});
    if (finding === undefined) return undefined;
    const result = { name: check.name, title: check.title, ...finding };
    results.push(result);
    onResult?.(result);
  }
  const queue = exists ? await askQueue(place, files, options) : undefined;
  return { place, exists, results, queue, ...judge(results) };
}

/** The file that makes a directory a queue. */
const LAYOUT_FILE = "layout.json";

async function askQueue(
  place: string,
  files: FileOperations,
  { describeQueue }: ProbeOptions,
): Promise<readonly string[] | undefined> {
  if (describeQueue === undefined) return undefined;
  try {
    return await files.exists(`${place}/${LAYOUT_FILE}`) ? await describeQueue(place) : undefined;
  } catch (error) {
    return [`cannot be looked at: ${errorMessage(error)}`];
  }
}

async function startOther(start: StartHelper, signal?: AbortSignal): Promise<OtherProcess | undefined> {
  try {
    return await OtherProcess.start(start, signal);
  } catch (error) {
    if (signal?.aborted) return undefined;
    throw error;
  }
}

/** What is under way when a check has to end gets this long, in ms, to notice. */
const SETTLE_MS = 2_000;

/** Undefined when the signal ended it. */
async function runCheck(
  { run, limitMs }: Check,
  scene: Omit<Scene, "signal">,
  outer: AbortSignal | undefined,
): Promise<Finding | undefined> {
  const controller = new AbortController();
  const stopped = Promise.withResolvers<undefined>();
  using _ = onAbort(controller.signal, () => stopped.resolve(undefined));
  using _outer = outer && onAbort(outer, () => controller.abort(DONE));
  const timer = setTimeout(() => controller.abort(DONE), limitMs);
  let fault = `not done within ${milliseconds(limitMs)}`;
  try {
    await Deno.mkdir(scene.directory);
    const work = run({ ...scene, signal: controller.signal });
    const finding = await Promise.race([work, stopped.promise]);
    if (finding !== undefined && !controller.signal.aborted) return finding;
    const settled = new AbortController();
    await Promise.race([
      work.catch(() => {}).finally(() => settled.abort(DONE)),
      systemClock.sleep(SETTLE_MS, settled.signal),
    ]);
  } catch (error) {
    if (!controller.signal.aborted) fault = `it failed: ${errorMessage(error)}`;
  } finally {
    clearTimeout(timer);
  }
  // The other process may be stuck in what was asked of it, or hold what the next check needs.
  try {
    if (!outer?.aborted) await scene.there.restart(outer);
  } catch (error) {
    if (!outer?.aborted) throw error;
  }
  return outer?.aborted ? undefined : { verdict: "no", found: fault };
}
