import { systemClock } from "../../core/clock.ts";
import { BackendError, errorMessage } from "../../core/errors.ts";
import type { DirectoryContext } from "./context.ts";
import { isGoneHere } from "./holder.ts";
import { newToken } from "./holder_folder.ts";

/*
 * Jobs that have to do with each other are changed by one process at a time: the one that has the baton, an empty file
 * that goes from hand to hand by being renamed, as jobs do. When its holder dies, those who wait take it back.
 */

const HOME = "locks/baton";
const HELD = /^baton\.([0-9a-z]{10})\.(\d+)$/;

/** Whoever has it longer than this stands still, in ms by the filesystem's clock. */
const MAX_HELD_MS = 60_000;
/** Who waits longer than this gives up, in ms. */
const MAX_WAIT_MS = 120_000;
/** A baton that nobody has for this long was lost with somebody's folder, in ms. */
const LOST_MS = 30_000;

const MIN_PAUSE_MS = 2;
const MAX_PAUSE_MS = 100;

/** It is marked anew after this time, in ms. */
const MARK_MS = 15_000;

/** Put down when disposed. */
export interface Baton extends Disposable {
  /** Called while it is held for long, so that others do not take its holder for one who stands still. */
  keep(): void;
}

/** Waits for the baton. @throws {BackendError} when it cannot be had */
export async function takeBaton(context: DirectoryContext, signal?: AbortSignal): Promise<Baton> {
  const { files, time } = context;
  const begun = performance.now();
  let isMissingSince: number | undefined;
  for (let pauseMs = MIN_PAUSE_MS;; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    signal?.throwIfAborted();
    putDownKept(context);
    const own = context.holder.path(newName(time.now()));
    if (files.move(HOME, own)) return new HeldBaton(context, own);
    // A listing makes a client of a file server ask for what is there now.
    const isHome = files.names("locks").includes("baton");
    const isMissing = !isHome && !takeBack(context);
    isMissingSince = isMissing ? isMissingSince ?? performance.now() : undefined;
    if (isMissingSince !== undefined && performance.now() - isMissingSince > LOST_MS) makeBaton(context);
    if (performance.now() - begun > MAX_WAIT_MS) {
      throw new BackendError(
        `Cannot change related jobs of "${context.name}": another process does not end doing so`,
        {
          transient: true,
          hint: "look for a jobq that stands still; what it held is free a minute after it is ended",
        },
      );
    }
    await systemClock.sleep(pauseMs);
  }
}

/** Puts the baton in its place, if there is none. */
export function makeBaton({ files }: Pick<DirectoryContext, "files">): void {
  using _ = files.open(HOME);
}

/** Whether a name in a holder's folder is the baton's. */
export function isBaton(name: string): boolean {
  return HELD.test(name);
}

/** Takes the baton out of the folder of a holder that is no more. */
export function freeBaton({ files }: Pick<DirectoryContext, "files">, path: string): void {
  files.move(path, HOME);
}

class HeldBaton implements Baton {
  readonly #context: DirectoryContext;
  #path: string;
  #markedAt: number;

  constructor(context: DirectoryContext, path: string) {
    this.#context = context;
    this.#path = path;
    this.#markedAt = context.time.now();
  }

  keep(): void {
    const { files, time, holder } = this.#context;
    if (Math.abs(time.now() - this.#markedAt) < MARK_MS) return;
    const path = holder.path(newName(time.now()));
    if (files.move(this.#path, path)) this.#path = path;
    this.#markedAt = time.now();
  }

  /** Where that fails, it is put down when it is wanted again, or others take it in a minute. */
  [Symbol.dispose](): void {
    try {
      this.#context.files.move(this.#path, HOME);
    } catch (error) {
      this.#context.keptBaton = this.#path;
      this.#context.log.debug(`cannot put the baton down: ${errorMessage(error)}`);
    }
  }
}

function newName(now: number): string {
  return `baton.${newToken()}.${Math.round(now + MAX_HELD_MS)}`;
}

function putDownKept(context: DirectoryContext): void {
  if (context.keptBaton === undefined) return;
  context.files.move(context.keptBaton, HOME);
  context.keptBaton = undefined;
}

/** Takes it from one who is gone, or has it for too long. @returns whether somebody has it */
function takeBack({ files, time }: DirectoryContext): boolean {
  let isSomewhere = false;
  for (const holder of files.names("held")) {
    for (const name of files.names(`held/${holder}`)) {
      const [, , until] = HELD.exec(name) ?? [];
      if (until === undefined) continue;
      isSomewhere = true;
      if (Number(until) <= time.now() || isGoneHere(files, holder)) {
        freeBaton({ files }, `held/${holder}/${name}`);
      }
    }
  }
  return isSomewhere;
}
