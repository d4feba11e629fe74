import { onAbort } from "../../core/abort.ts";

interface PendingCall {
  /** Ms since the epoch. */
  readonly deadline: number;
  readonly reject: (reason: unknown) => void;
  readonly onLate: () => void;
}

export interface PendingCallOptions {
  readonly timeoutMs: number;
  /** Told when the call took too long. */
  readonly onLate: () => void;
  /** Ends the wait for the call. */
  readonly signal?: AbortSignal;
}

/**
 * The calls that are under way on a connection, each of which ends at the latest with it or when its time is over. One
 * timer watches them all: one for each would cost as much as the call itself.
 */
export class PendingCalls {
  readonly #calls = new Set<PendingCall>();
  readonly #idle = new Set<() => void>();
  #running = 0;
  #timer: { readonly id: ReturnType<typeof setTimeout>; readonly at: number } | undefined;
  #ended: { readonly reason: unknown } | undefined;

  /** Rejects with what ended it: its own error, a `TimeoutError`, the signal's reason, or that of `endAll()`. */
  run<T>(work: () => Promise<T>, { timeoutMs, onLate, signal }: PendingCallOptions): Promise<T> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended.reason);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const call = { deadline: Date.now() + timeoutMs, reject, onLate };
    this.#calls.add(call);
    this.#watchUntil(call.deadline);
    const listening = signal && onAbort(signal, () => reject(signal.reason));
    const end = () => {
      this.#calls.delete(call);
      listening?.[Symbol.dispose]();
      this.#onSettled();
    };
    const working = work();
    this.#running++;
    working.then((value) => (end(), resolve(value)), (error) => (end(), reject(error)));
    return promise;
  }

  /** Counts what goes on beside the calls, or after them. */
  track(work: Promise<unknown>): void {
    const end = () => this.#onSettled();
    this.#running++;
    work.then(end, end);
  }

  /** Resolves when nothing goes on any more, also of what nobody waits for. */
  async settled(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /** Ends the wait for all, and whatever is begun later at once. */
  endAll(reason: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { reason };
    clearTimeout(this.#timer?.id);
    for (const { reject } of this.#calls) reject(reason);
  }

  #onSettled(): void {
    if (--this.#running > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  /** The timer may well go off when there is nothing to watch any more: it is not set back for each call. */
  #watchUntil(deadline: number): void {
    if (this.#timer !== undefined && this.#timer.at <= deadline) return;
    clearTimeout(this.#timer?.id);
    const id = setTimeout(() => this.#look(), Math.max(0, deadline - Date.now()));
    Deno.unrefTimer(Number(id));
    this.#timer = { id, at: deadline };
  }

  #look(): void {
    this.#timer = undefined;
    const now = Date.now();
    const late = [...this.#calls].filter(({ deadline }) => deadline <= now);
    for (const call of late) {
      this.#calls.delete(call);
      call.reject(new DOMException("no answer came in time", "TimeoutError"));
      call.onLate();
    }
    const next = Math.min(...Array.from(this.#calls, ({ deadline }) => deadline));
    if (Number.isFinite(next) && this.#ended === undefined) this.#watchUntil(next);
  }
}
