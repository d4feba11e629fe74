import { DONE } from "../core/abort.ts";
import type { ExitCode } from "../core/exit_code.ts";
import type { Io } from "./io.ts";
import { SIGNAL_EXIT_CODES } from "./signals.ts";

/**
 * Turns the first signal that ends programs into an abort, for commands that wait, and remembers the exit code.
 * The next one finds no handler and ends the process, should what is still to be done take long.
 */
export class Interruption implements Disposable {
  exitCode: ExitCode | undefined;
  readonly signal: AbortSignal;
  readonly #handlers: readonly Disposable[];

  constructor(io: Io) {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.#handlers = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) =>
      io.onSignal(name, () => {
        this.exitCode = SIGNAL_EXIT_CODES[name];
        this[Symbol.dispose]();
        controller.abort(DONE);
      })
    );
  }

  [Symbol.dispose](): void {
    for (const handler of this.#handlers) handler[Symbol.dispose]();
  }
}
