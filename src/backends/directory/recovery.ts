import { isFinished } from "../../core/job.ts";
import { bootId } from "../kernel_files.ts";
import { priorityOf } from "../job_graph/entry.ts";
import { endExecution, finishCancelled, loseExecution, makePending } from "../job_graph/life.ts";
import { finishBatches } from "./batches.ts";
import { freeBaton, isBaton } from "./baton.ts";
import type { DirectoryContext } from "./context.ts";
import { ALONE, tellBlocked, tellChildrenOf } from "./finishing.ts";
import { again } from "./fs_calls.ts";
import { codeOf, isDenied, isMissing } from "./fs_errors.ts";
import { type HolderLife, readLife, tryLock } from "./holder.ts";
import { HolderFolder, type SeenLease } from "./holder_folder.ts";
import { type Key, readKey } from "./names.ts";
import { faultOf, loadJob, put, putUnchanged, setAside, take } from "./stored_jobs.ts";

/** The holders are looked at so often by each process, in ms. */
const LOOK_MS = 200;
/** Of many holders, only one process looks at a time, and so often, in ms. */
const MANY = 4;
const LOOK_AT_MANY_MS = 700;
const MARK = "locks/look";

/** A job on its way is so for less than this, in ms, unless its process stands still or is gone. */
const MAX_MOVING_MS = 60_000;

/** What others have left undone is looked for so often, in ms; of the blocked jobs, so many each time. */
const TIDY_MS = 10_000;
const BLOCKED_AT_A_TIME = 64;

/** A folder without jobs is that of a process that is gone when nothing was written there for so long, in ms. */
const ABANDONED_MS = 86_400_000;

/** A job whose lease has ended, but whose holder may settle it until somebody else takes it. */
export interface EndedLease {
  readonly key: Key;
  readonly priority: number;
  readonly holder: string;
  readonly name: string;
}

/** Takes jobs back whose holders are gone, and finds those whose leases have ended. */
export class Recovery {
  readonly #context: DirectoryContext;
  /** Hosts of which a lock was once refused here: there, locks hold. */
  readonly #refusing = new Set<string>([bootId()]);
  #lookedAt = -Infinity;
  #tidiedAt: number | undefined;
  #blockedCursor: Key = "";
  #ended: EndedLease[] = [];

  constructor(context: DirectoryContext) {
    this.#context = context;
  }

  /** Does what is due. @param isStep the clock was set back: no wait may become longer by that */
  async attend({ isStep = false }: { isStep?: boolean } = {}): Promise<void> {
    const now = this.#context.time.now();
    const passed = now - this.#lookedAt;
    if (isStep || passed < 0 || passed >= LOOK_MS) {
      this.#lookedAt = now;
      await this.#look(isStep);
    }
    await this.#tidy();
  }

  /** The jobs whose leases had ended at the last look, in the order in which they are to be leased. */
  get ended(): readonly EndedLease[] {
    return this.#ended;
  }

  /** Takes a job back whose lease has ended. @returns whether that is so still */
  async takeBack({ holder, name }: EndedLease): Promise<boolean> {
    this.#ended = this.#ended.filter((other) => other.name !== name);
    const folder = HolderFolder.read(this.#context.files, holder);
    const lease = folder.leases.find((one) => one.name === name);
    if (lease === undefined || lease.until > this.#context.time.now()) return false;
    await this.#takeBack(folder, lease);
    return true;
  }

  async #look(isStep: boolean): Promise<void> {
    const { files, ownHolder } = this.#context;
    const holders = files.list("held").filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
    if (holders.length > MANY && !isStep && !this.#isOurTurn()) return;
    this.#ended = [];
    for (const id of holders) {
      if (id === ownHolder?.id) await this.#lookAt(HolderFolder.read(files, id), { isStep, isDead: false });
      else await this.#lookAtOther(id, isStep);
    }
    this.#ended.sort((a, b) => b.priority - a.priority || (a.key < b.key ? -1 : 1));
  }

  /** Whether nobody has looked for a while. */
  #isOurTurn(): boolean {
    const { files, time } = this.#context;
    const last = files.stat(MARK)?.mtime?.getTime() ?? 0;
    const age = time.now() - last;
    if (age >= 0 && age < LOOK_AT_MANY_MS) return false;
    using file = files.open(MARK);
    file.writeSync(new Uint8Array([0x2e]));
    time.measured(file.statSync().mtime);
    return true;
  }

  async #lookAtOther(id: string, isStep: boolean): Promise<void> {
    const { files, time } = this.#context;
    let life: Deno.FsFile;
    try {
      life = again(() => Deno.openSync(files.path(`held/${id}/life`), { read: true, write: true }));
    } catch (error) {
      if (!isMissing(error) && !isDenied(error) && codeOf(error) !== "EISDIR") throw error;
      await this.#lookAt(HolderFolder.read(files, id), { isStep, isDead: false });
      if (isMissing(error)) HolderFolder.read(files, id).removeIfEmpty();
      return;
    }
    using _ = life;
    const said = readLife(files.readAny(`held/${id}/life`) ?? "");
    const isGone = said !== undefined && this.#isGone(life, said);
    const isDead = isGone && said.isLocked;
    await this.#lookAt(HolderFolder.read(files, id), { isStep, isDead });
    const age = time.now() - (life.statSync().mtime?.getTime() ?? Infinity);
    if (isGone || age > ABANDONED_MS) HolderFolder.read(files, id).removeIfEmpty();
  }

  /**
   * Whether a holder's process is gone, as its lock tells. On some filesystems, locks hold only within a host, and are had
   * by everybody else: so one that is had is believed only from a host that was once seen to refuse it.
   */
  #isGone(life: Deno.FsFile, said: HolderLife): boolean {
    if (!tryLock(life)) {
      this.#refusing.add(said.boot);
      return false;
    }
    return this.#refusing.has(said.boot);
  }

  async #lookAt(
    folder: HolderFolder,
    { isStep, isDead }: { isStep: boolean; isDead: boolean },
  ): Promise<void> {
    const now = this.#context.time.now();
    // First, as what follows may need it.
    for (const name of folder.strange) {
      if (isDead && isBaton(name)) freeBaton(this.#context, folder.path(name));
    }
    for (const lease of folder.leases) {
      const hasEnded = lease.until <= now;
      if (isDead || (hasEnded && folder.stopReason(lease.leased) !== undefined)) {
        await this.#takeBack(folder, lease);
      } else if (hasEnded) await this.#noteEnded(folder, lease);
      else if (isStep && lease.until > now + lease.waitMs) folder.cut(lease, now + lease.waitMs);
    }
    for (const { name, key, since } of folder.moving) {
      if (isDead || now - since >= MAX_MOVING_MS) await this.#moveOn(key, folder.path(name));
    }
    if (!isDead) return;
    for (const name of folder.strange) {
      if (isBaton(name)) continue;
      setAside(this.#context, folder.path(name), "its name is not one that jobq gives");
    }
  }

  /** What cannot be read, or has been settled and not moved, is taken back at once. */
  async #noteEnded(folder: HolderFolder, lease: SeenLease): Promise<void> {
    const { key } = lease.leased;
    const location = { key, path: folder.path(lease.name), state: "running", holder: folder.id } as const;
    const entry = loadJob(this.#context, location)?.entry;
    if (entry?.state !== "running") return await this.#takeBack(folder, lease);
    this.#ended.push({ key, priority: priorityOf(entry), holder: folder.id, name: lease.name });
  }

  async #takeBack(folder: HolderFolder, { name, leased }: SeenLease): Promise<void> {
    const context = this.#context;
    const location = {
      key: leased.key,
      path: folder.path(name),
      state: "running",
      holder: folder.id,
    } as const;
    const reason = folder.stopReason(leased);
    const own = take(context, location);
    if (own === undefined) return;
    folder.forget(leased);
    const taken = { ...location, path: own, takenFrom: location.path, holder: undefined };
    const loaded = loadJob(context, taken);
    if (loaded === undefined) return setAside(context, own, faultOf(context, taken) ?? "it is no job's");
    const { entry } = loaded;
    const now = context.time.now();
    if (entry.state !== "running") putUnchanged(context, own, entry);
    else {
      if (reason !== undefined) {
        endExecution(entry, "lost", { now });
        finishCancelled(ALONE, [entry], { reason, now });
      } else loseExecution(ALONE, entry, now);
      if (entry.state === "running") makePending(entry, 0, now);
      await put(context, own, entry);
    }
    if (isFinished(entry.state)) await tellChildrenOf(context, entry);
  }

  /** Brings a job to where it was going, or came from. */
  async #moveOn(key: Key, path: string): Promise<void> {
    const context = this.#context;
    const own = take(context, { key, path, state: undefined });
    if (own === undefined) return;
    const taken = { key, path: own, state: undefined };
    const loaded = loadJob(context, taken);
    if (loaded === undefined) return setAside(context, own, faultOf(context, taken) ?? "it is no job's");
    const { entry } = loaded;
    if (entry.state === "running") {
      loseExecution(ALONE, entry, context.time.now());
      if (entry.state === "running") makePending(entry, 0, context.time.now());
      await put(context, own, entry);
    } else putUnchanged(context, own, entry);
    if (isFinished(entry.state)) await tellChildrenOf(context, entry);
  }

  async #tidy(): Promise<void> {
    const now = this.#context.time.now();
    this.#tidiedAt ??= now;
    if (Math.abs(now - this.#tidiedAt) < TIDY_MS) return;
    this.#tidiedAt = now;
    finishBatches(this.#context);
    await this.#lookAtBlocked();
  }

  async #lookAtBlocked(): Promise<void> {
    const { blocked } = this.#context;
    let count = 0;
    for (const { directory, name } of blocked.leaves({ onEmpty: (empty) => this.#pruneBlocked(empty) })) {
      if (name <= this.#blockedCursor) continue;
      this.#blockedCursor = name;
      if (count++ === BLOCKED_AT_A_TIME) return;
      const location = { key: name, path: `${directory}/${name}`, state: "blocked" } as const;
      if (readKey(name) === undefined) {
        setAside(this.#context, location.path, "its name is not one that jobq gives");
      } else await tellBlocked(this.#context, location);
    }
    this.#blockedCursor = "";
  }

  #pruneBlocked(directory: string): void {
    const page = directory.slice("blocked/".length);
    if (this.#context.sequence.isPast(page)) this.#context.blocked.prune(directory);
  }
}
