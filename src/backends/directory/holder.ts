import { systemClock } from "../../core/clock.ts";
import { LeaseLostError } from "../../core/errors.ts";
import { randomId } from "../../core/random_id.ts";
import { bootId } from "../kernel_files.ts";
import type { Files } from "./files.ts";
import { idOfKey, type LeasedName, leasedName } from "./names.ts";
import type { QueueTime } from "./queue_time.ts";

/** Renewals that are asked for within this time are written together, in ms. */
const GATHER_MS = 2;

/** What a holder writes into its file `life`. */
export interface HolderLife {
  /** Tells hosts, and their times between two boots, from each other; "" where that is not known. */
  readonly boot: string;
  readonly pid: number;
  readonly startedAt: number;
  /** The file is locked as long as the process lives. */
  readonly isLocked: boolean;
}

/** The file of the renewals is made with this length, in bytes, so that a full disk has room for most of them. */
const RENEWALS_BYTES = 4_096;

/** When the leases of a holder end that were renewed, by their tokens. */
export type Renewals = Readonly<Record<string, readonly [until: number, waitMs: number]>>;

export interface HolderOptions {
  readonly files: Files;
  readonly time: QueueTime;
  /** The leases outlive the process. */
  readonly isDetached: boolean;
}

/** A lease that this process has. */
export interface HeldLease extends LeasedName {
  readonly waitMs: number;
}

/**
 * The folder `held/<id>` into which a process moves the jobs that it has, and whose file `life` it keeps locked as long as
 * it lives. Nobody else puts jobs there; who takes one out has to find that its lease has ended, or the lock gone.
 */
export class Holder implements Disposable {
  readonly id: string;
  readonly #files: Files;
  readonly #time: QueueTime;
  readonly #life: Deno.FsFile;
  readonly #isLocked: boolean;
  readonly #renewed = new Map<string, readonly [until: number, waitMs: number]>();
  #writing: Promise<void> | undefined;

  private constructor(life: Deno.FsFile, { id, files, time, isLocked }: {
    id: string;
    files: Files;
    time: QueueTime;
    isLocked: boolean;
  }) {
    this.#life = life;
    this.id = id;
    this.#files = files;
    this.#time = time;
    this.#isLocked = isLocked;
  }

  static open({ files, time, isDetached }: HolderOptions): Holder {
    const id = randomId(16);
    // Made elsewhere, so that nobody finds it without its lock.
    const life = files.open(`tmp/${id}/life`);
    try {
      // Without the lock, others find that the folder of leases which outlive this process can go once it is empty.
      const isLocked = tryLock(life) && !isDetached;
      const content: HolderLife = { boot: bootId(), pid: Deno.pid, startedAt: time.now(), isLocked };
      life.writeSync(new TextEncoder().encode(JSON.stringify(content)));
      time.measured(life.statSync().mtime);
      using renewals = files.open(`tmp/${id}/renewals`);
      renewals.writeSync(new TextEncoder().encode("{}".padEnd(RENEWALS_BYTES)));
      files.move(`tmp/${id}`, `held/${id}`);
      return new Holder(life, { id, files, time, isLocked });
    } catch (error) {
      life.close();
      files.removeAll(`tmp/${id}`);
      throw error;
    }
  }

  /** Where a name of this holder is. */
  path(name: string): string {
    return `held/${this.id}/${name}`;
  }

  /** Sets the time anew where that is due. */
  measureTime(): void {
    if (!this.#time.isStale) return;
    this.#life.seekSync(0, Deno.SeekMode.End);
    this.#life.writeSync(new Uint8Array([0x20]));
    this.#time.measured(this.#life.statSync().mtime);
  }

  /**
   * Prolongs a lease; those that are renewed at the same time, with one write.
   *
   * @throws {LeaseLostError} when somebody else has the job
   */
  async renew(lease: HeldLease, until: number, waitMs: number): Promise<void> {
    this.#assertHeld(lease);
    this.#renewed.set(lease.token, [until, waitMs]);
    await this.#write();
    // Somebody may have found it to have ended before the renewal was there.
    this.#assertHeld(lease);
  }

  /** A lease that is settled. */
  forget(token: string): void {
    this.#renewed.delete(token);
  }

  #write(): Promise<void> {
    return this.#writing ??= (async () => {
      await systemClock.sleep(GATHER_MS);
      this.#writing = undefined;
      this.#files.replace(
        this.path("renewals"),
        JSON.stringify(Object.fromEntries(this.#renewed)).padEnd(RENEWALS_BYTES),
        { inPlaceWhenFull: true },
      );
      this.#time.measured(this.#files.stat(this.path("renewals"))?.mtime ?? null);
    })();
  }

  #assertHeld(lease: HeldLease): void {
    if (this.#files.exists(this.path(leasedName(lease)))) return;
    this.forget(lease.token);
    throw new LeaseLostError(idOfKey(lease.key));
  }

  /** What is still held stays so until its leases have ended, or others find the lock gone. */
  [Symbol.dispose](): void {
    this.#removeIfEmpty();
    if (this.#isLocked) {
      try {
        this.#life.unlockSync();
      } catch {
        // Closing it does the same.
      }
    }
    this.#life.close();
  }

  #removeIfEmpty(): void {
    try {
      const folder = `held/${this.id}`;
      if (this.#files.names(folder).some((name) => name !== "life" && name !== "renewals")) return;
      this.#files.remove(this.path("renewals"));
      this.#files.remove(this.path("life"));
      this.#files.removeIfEmpty(folder);
    } catch {
      // Others do it when they find it.
    }
  }
}

/** Whether the process of a holder of this host is known to be gone: only here, locks are sure to hold. */
export function isGoneHere(files: Files, id: string): boolean {
  if (!files.exists(`held/${id}/life`)) return true;
  const life = readLife(files.readAny(`held/${id}/life`) ?? "");
  if (life === undefined || !life.isLocked || life.boot !== bootId()) return false;
  using file = files.open(`held/${id}/life`);
  return tryLock(file);
}

/** What a holder says of itself; undefined when it cannot be read. */
export function readLife(text: string): HolderLife | undefined {
  try {
    const { boot, isLocked, ...rest } = (JSON.parse(text) ?? {}) as Partial<HolderLife>;
    if (typeof boot !== "string" || typeof isLocked !== "boolean") return undefined;
    return { pid: 0, startedAt: 0, ...rest, boot, isLocked };
  } catch {
    return undefined;
  }
}

/** Whether the lock was had; where there are no locks, it is not. */
export function tryLock(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    return false;
  }
}
