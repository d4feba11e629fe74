import type { Clock } from "../core/clock.ts";
import type { GroupSignal, Watchdog } from "./watchdog.ts";

/** How often the end of a group is looked for, in ms: first and at most. */
const POLL_MS = { first: 25, max: 400 } as const;

/** The process group of a running job. */
export class ProcessGroup {
  readonly #id: number;
  readonly #watchdog: Watchdog;
  readonly #direct: boolean;

  /** @param direct whether the runtime may signal processes itself; otherwise the watchdog does */
  constructor(id: number, { watchdog, direct }: { watchdog: Watchdog; direct: boolean }) {
    this.#id = id;
    this.#watchdog = watchdog;
    this.#direct = direct;
    watchdog.add(id);
  }

  terminate(): Promise<boolean> {
    return this.#signal("TERM");
  }

  kill(): Promise<boolean> {
    return this.#signal("KILL");
  }

  /** Resolves when no process of the group is left, or the signal is aborted. */
  async ended(clock: Clock, signal: AbortSignal): Promise<void> {
    for (let waitMs: number = POLL_MS.first; !signal.aborted && await this.#isAlive(); waitMs *= 2) {
      await clock.sleep(Math.min(waitMs, POLL_MS.max), signal);
    }
  }

  /** Kills what is left of the group, and forgets it. */
  async end(): Promise<void> {
    await this.kill();
    this.#watchdog.remove(this.#id);
  }

  async #isAlive(): Promise<boolean> {
    return await this.#signal("0") && !await this.#watchdog.onlyZombies(this.#id);
  }

  async #signal(signal: GroupSignal): Promise<boolean> {
    if (!this.#direct) return await this.#watchdog.signal(this.#id, signal);
    try {
      // The types know only names, but 0 asks whether the group exists, as in kill(2).
      Deno.kill(-this.#id, signal === "0" ? 0 as unknown as Deno.Signal : `SIG${signal}`);
      return true;
    } catch {
      return false;
    }
  }
}
