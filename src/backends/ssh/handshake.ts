import { DONE, onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";
import { BackendError, type JobqError } from "../../core/errors.ts";
import type { Channel } from "./channel.ts";
import { NoHelloError, readHello } from "./hello.ts";
import type { LineReader } from "./line_reader.ts";
import type { HelloQueue } from "./messages.ts";

/** How long the other side may take to say hello, in ms: sshd gives people that long to log in (LoginGraceTime). */
const HELLO_MS = 120_000;
/** How long a channel may take to tell why it ended, in ms. */
const FAILURE_MS = 3_000;

export interface HandshakeOptions {
  /** The queue's, for errors. */
  readonly name: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

/**
 * Waits until the other side has said what it has to offer.
 *
 * @throws {JobqError} why the queue cannot be used; the reason of the signal
 */
export async function shakeHands(
  channel: Channel,
  lines: LineReader,
  options: HandshakeOptions,
): Promise<HelloQueue> {
  try {
    return await helloInTime(lines, options);
  } catch (error) {
    throw error instanceof NoHelloError ? await betterReason(error, channel, options) : error;
  }
}

/** Why a channel has ended by itself; `unknown` when it does not tell soon. */
export async function failureOf(channel: Channel, unknown: JobqError, clock: Clock): Promise<JobqError> {
  const told = new AbortController();
  try {
    return await Promise.race([
      channel.failure().catch(() => unknown),
      clock.sleep(FAILURE_MS, told.signal).then(() => unknown),
    ]);
  } finally {
    told.abort(DONE);
  }
}

async function helloInTime(
  lines: LineReader,
  { name, clock, signal }: HandshakeOptions,
): Promise<HelloQueue> {
  signal?.throwIfAborted();
  const given = Promise.withResolvers<never>();
  // The hello may come first; then nobody looks at this promise.
  given.promise.catch(() => {});
  const came = new AbortController();
  using _ = signal && onAbort(signal, () => given.reject(signal.reason));
  void clock.sleep(HELLO_MS, came.signal).then(() => {
    if (came.signal.aborted) return;
    given.reject(
      new BackendError(`Cannot open "${name}": the other side does not answer`, {
        hint: "check with `ssh HOST jobq --version` that jobq runs there",
        transient: true,
      }),
    );
  });
  try {
    return await Promise.race([readHello(lines, name), given.promise]);
  } finally {
    came.abort(DONE);
  }
}

/** What the channel knows about its end, with what the other side said instead of its hello where that tells more. */
async function betterReason(
  error: NoHelloError,
  channel: Channel,
  { clock }: HandshakeOptions,
): Promise<JobqError> {
  // One that goes on talking has not ended.
  if (!error.hasEnded) return error;
  const told = await failureOf(channel, error, clock);
  if (told === error || error.said === "" || told.constructor !== BackendError) return told;
  const { message, hint, transient } = told as BackendError;
  return new BackendError(`${message}; it said "${error.said}"`, { hint, transient, cause: told });
}
