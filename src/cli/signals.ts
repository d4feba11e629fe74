import { EXIT, type ExitCode } from "../core/exit_code.ts";
import type { Worker } from "../worker/worker.ts";
import type { Io } from "./io.ts";

/** What the signals that end a program make of its exit code. */
export const SIGNAL_EXIT_CODES = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.hangup,
} as const;

/** Lets signals steer the worker until disposed; `exitCode` is set by the first one that ends it. */
export class WorkerSignals implements Disposable {
  exitCode: ExitCode | undefined;
  readonly #handlers: readonly Disposable[];

  constructor(worker: Worker, io: Io, say: (text: string) => void) {
    const stop = (signal: keyof typeof SIGNAL_EXIT_CODES) => () => {
      if (this.exitCode !== undefined) {
        say("killing the running jobs; once more to leave without telling the queue");
        // The next one finds no handler and ends the process, should the queue not let it leave.
        this[Symbol.dispose]();
        return worker.kill();
      }
      this.exitCode = SIGNAL_EXIT_CODES[signal];
      if (worker.running > 0) say("stopping the running jobs and giving them back; once more to kill them");
      worker.interrupt();
    };
    this.#handlers = [
      io.onSignal("SIGINT", stop("SIGINT")),
      io.onSignal("SIGTERM", stop("SIGTERM")),
      io.onSignal("SIGHUP", stop("SIGHUP")),
      io.onSignal("SIGUSR1", () => {
        say("taking no more jobs; leaving when the running ones have ended");
        worker.drain();
      }),
    ];
  }

  [Symbol.dispose](): void {
    for (const handler of this.#handlers) handler[Symbol.dispose]();
  }
}
