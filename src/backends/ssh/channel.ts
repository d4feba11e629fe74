import type { JobqError } from "../../core/errors.ts";

/** Bytes to and from a `jobq serve` somewhere else. */
export interface Channel {
  /** What the other side says; ends when that has ended, or the way to it. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What the other side hears. Closing it tells the other side to end. */
  readonly writable: WritableStream<Uint8Array>;
  /** Ends it, at once and whatever its state, and resolves when nothing of it is left. Never rejects; may be called twice. */
  close(): Promise<void>;
  /** Why it has ended by itself; asked after that only. Transient where the next try may succeed. */
  failure(): Promise<JobqError>;
}

/**
 * Makes a new channel, at each call; resolves as soon as it can be written to and read, and what goes wrong after that
 * is told by `Channel.failure()`.
 *
 * @throws {JobqError} transient where the next try may succeed; the reason of `signal` when that is aborted
 */
export type Connect = (signal?: AbortSignal) => Promise<Channel>;
