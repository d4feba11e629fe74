import { onAbort } from "../core/abort.ts";
import { BackendError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit_code.ts";
import { Interruption } from "./interruption.ts";
import type { Io } from "./io.ts";

/** A signal ended a push: what was under way may be on the queue. */
class InterruptedPushError extends BackendError {
  override readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode) {
    super("it was interrupted", { mayBeDone: true });
    this.exitCode = exitCode;
  }
}

/**
 * Pushes until a signal comes that ends programs, so that it is still told which jobs are on the queue. Before and
 * after, such a signal ends the process as usual.
 */
export async function untilInterrupted<T>(io: Io, push: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using interruption = new Interruption(io);
  const controller = new AbortController();
  using _ = onAbort(
    interruption.signal,
    () => controller.abort(new InterruptedPushError(interruption.exitCode ?? EXIT.interrupted)),
  );
  return await push(controller.signal);
}
