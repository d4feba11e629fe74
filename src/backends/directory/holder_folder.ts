import { randomId } from "../../core/random_id.ts";
import type { Files } from "./files.ts";
import type { Renewals } from "./holder.ts";
import { type Key, type LeasedName, readLeased, readMoving } from "./names.ts";

const CUT = /^cut\.([0-9a-z]{10})\.(\d+)\.(\d+)$/;

/** A lease as anybody may see it. */
export interface SeenLease {
  readonly name: string;
  readonly leased: LeasedName;
  /** When it ends, by all that is known; ms since the epoch. */
  readonly until: number;
  /** How long it was when it was taken or renewed, in ms. */
  readonly waitMs: number;
}

/** What is in the folder of a holder, this process's own or another one's. */
export class HolderFolder {
  readonly id: string;
  readonly leases: readonly SeenLease[];
  /** Jobs on their way from one place to another. */
  readonly moving: readonly { readonly name: string; readonly key: Key; readonly since: number }[];
  /** What was put there by somebody else. */
  readonly strange: readonly string[];
  readonly #files: Files;
  readonly #stops: readonly string[];
  readonly #cuts: readonly string[];

  private constructor(files: Files, id: string) {
    this.id = id;
    this.#files = files;
    const names = files.names(`held/${id}`);
    this.#stops = names.filter((name) => name.startsWith("stop."));
    this.#cuts = names.filter((name) => CUT.test(name));
    const leased = names.flatMap((name) => {
      const read = readLeased(name);
      return read ? { name, leased: read } : [];
    });
    const renewals = leased.length > 0 ? readRenewals(files, id) : {};
    this.leases = leased.map((one) => ({ ...one, ...this.#endOf(one.leased, renewals) }));
    this.moving = names.flatMap((name) => {
      const moving = readMoving(name);
      return moving ? { name, ...moving } : [];
    });
    this.strange = names.filter((name) =>
      !["life", "renewals", ...this.#stops, ...this.#cuts].includes(name) &&
      !this.leases.some((lease) => lease.name === name) && !this.moving.some((move) => move.name === name)
    );
  }

  static read(files: Files, id: string): HolderFolder {
    return new HolderFolder(files, id);
  }

  path(name: string): string {
    return `held/${this.id}/${name}`;
  }

  /** Why somebody wants the job to be stopped; undefined when nobody does. */
  stopReason({ key, token }: LeasedName): string | undefined {
    const name = stopName(key, token);
    return this.#stops.includes(name) ? this.#files.readAny(this.path(name)) : undefined;
  }

  /** Has a lease end earlier than was said, as when the clock was set back since. */
  cut({ leased, until }: SeenLease, end: number): void {
    using _ = this.#files.open(this.path(`cut.${leased.token}.${until}.${Math.round(end)}`));
  }

  /** Removes what was said of a lease that is no more. */
  forget({ key, token }: LeasedName): void {
    const stop = stopName(key, token);
    if (this.#stops.includes(stop)) this.#files.removeAll(this.path(stop));
    for (const name of this.#cuts) {
      if (name.startsWith(`cut.${token}.`)) this.#files.remove(this.path(name));
    }
  }

  /** Removes the folder when nothing else is in it. */
  removeIfEmpty(): void {
    if (this.leases.length + this.moving.length > 0) return;
    for (const name of [...this.#stops, ...this.#cuts, "renewals", "life"]) {
      this.#files.remove(this.path(name));
    }
    this.#files.removeIfEmpty(`held/${this.id}`);
  }

  #endOf(leased: LeasedName, renewals: Renewals): { until: number; waitMs: number } {
    const [until, waitMs] = renewals[leased.token] ?? [leased.until, leased.waitMs];
    const ends = this.#cuts.flatMap((name) => {
      const [, token, judged, end] = CUT.exec(name) ?? [];
      return token === leased.token && Number(judged) === until ? Number(end) : [];
    });
    return { until: Math.min(until, ...ends), waitMs };
  }
}

/** The name of a request to stop a job. */
export function stopName(key: Key, token: string): string {
  return `stop.${key}.${token}`;
}

function readRenewals(files: Files, id: string): Renewals {
  const value = parse(files.readAny(`held/${id}/renewals`) ?? "");
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value as { [token: string]: unknown });
  return Object.fromEntries(entries.filter((entry): entry is [string, [number, number]] => {
    const [, pair] = entry;
    return Array.isArray(pair) && pair.length === 2 && pair.every(Number.isFinite);
  }));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A new token: of a lease, or of a job's way from one place to another. */
export function newToken(): string {
  return randomId(10);
}
