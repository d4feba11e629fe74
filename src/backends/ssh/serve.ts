import { type Clock, systemClock } from "../../core/clock.ts";
import { errorMessage } from "../../core/errors.ts";
import type { Queue } from "../../core/queue.ts";
import type { Logger } from "../../log/logger.ts";
import { FrameReader, FrameWriter } from "./frames.ts";
import { helloOf, helloOfFailure } from "./hello.ts";
import { LineReader } from "./line_reader.ts";
import { Session } from "./session.ts";

export interface ServeOptions {
  readonly readable: ReadableStream<Uint8Array>;
  /** Nothing but messages go there. */
  readonly writable: WritableStream<Uint8Array>;
  readonly log: Logger;
  readonly clock?: Clock;
}

/**
 * Serves a queue to whoever is at the other end of the streams, until that has closed its end. Leases that have arrived
 * there go on; the others are given back. Why the queue cannot be opened is told to the other side, and to nobody else.
 *
 * @throws {BackendError} when something comes that is no message; what closing the queue throws
 */
export async function serveQueue(
  open: () => Promise<Queue>,
  { readable, writable, log, clock = systemClock }: ServeOptions,
): Promise<void> {
  const reader = new FrameReader(new LineReader(readable));
  // A login shell may have printed a text without an end of line.
  const writer = new FrameWriter(writable, { start: "\n" });
  try {
    const queue = await openFor(writer, open, log);
    if (queue === undefined) return;
    await using _queue = queue;
    await using session = new Session(queue, { writer, log, clock });
    await session.run(reader);
  } finally {
    await reader.cancel();
    await writer.close();
  }
}

/** The queue, after the hello; undefined when there is none, or nobody hears it. */
async function openFor(
  writer: FrameWriter,
  open: () => Promise<Queue>,
  log: Logger,
): Promise<Queue | undefined> {
  let queue: Queue;
  try {
    queue = await open();
  } catch (error) {
    log.debug(`cannot open the queue: ${errorMessage(error)}`);
    await writer.write(helloOfFailure(error)).catch(() => {});
    return undefined;
  }
  try {
    await writer.write(helloOf(queue));
    return queue;
  } catch (error) {
    log.debug(`cannot say hello: ${errorMessage(error)}`);
    await queue[Symbol.asyncDispose]();
    return undefined;
  }
}
