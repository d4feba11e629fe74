import { DONE, onAbort } from "../../../core/abort.ts";
import { systemClock } from "../../../core/clock.ts";
import { BackendError } from "../../../core/errors.ts";
import type { Answer, Request } from "./helper.ts";
import { linesOf } from "./lines.ts";
import type { RacePlan, RaceResult } from "./race.ts";
import type { LockAnswer, Side, Sight } from "./side.ts";

/** A process that runs `serveHelper` on its standard input and output. */
export interface HelperProcess {
  readonly input: WritableStream<Uint8Array>;
  readonly output: ReadableStream<Uint8Array>;
  /** Ends it by SIGKILL, if it is still there, and waits until it has ended. */
  kill(): Promise<void>;
}

/** Starts the second process. @throws when processes cannot be started */
export type StartHelper = () => Promise<HelperProcess> | HelperProcess;

/** A process that hangs in a call to a file server cannot be ended; it is waited for so long, in ms. */
const KILL_LIMIT_MS = 5_000;

type Ask = Request extends infer R ? R extends Request ? Omit<R, "id"> : never : never;

interface Running {
  readonly process: HelperProcess;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly waiting: Map<number, PromiseWithResolvers<unknown>>;
  /** Resolves when its output has ended. */
  readonly ended: Promise<void>;
}

/** The side of the second process, which can be ended and started again. */
export class OtherProcess implements Side, AsyncDisposable {
  readonly #start: StartHelper;
  #running: Running | undefined;
  #lastId = 0;

  private constructor(start: StartHelper) {
    this.#start = start;
  }

  /** Starts it, and waits until it answers. @throws {BackendError} when it does not */
  static async start(startHelper: StartHelper, signal?: AbortSignal): Promise<OtherProcess> {
    const process = new OtherProcess(startHelper);
    await process.restart(signal);
    return process;
  }

  /** Ends it, starts another and waits until that answers. @throws {BackendError} when it does not */
  async restart(signal?: AbortSignal): Promise<void> {
    await this.kill();
    const process = await this.#start();
    const waiting: Running["waiting"] = new Map();
    this.#running = { process, writer: process.input.getWriter(), waiting, ended: hear(process, waiting) };
    try {
      await this.look([], signal);
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Ends it as a crash would: whatever it holds is left to the system. */
  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const waited = new AbortController();
    await Promise.race([
      Promise.all([running.process.kill(), running.ended]).finally(() => waited.abort(DONE)),
      systemClock.sleep(KILL_LIMIT_MS, waited.signal),
    ]);
    await running.writer.abort().catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async race(argument: RacePlan, signal?: AbortSignal): Promise<RaceResult> {
    return await this.#ask({ call: "race", argument }, signal) as RaceResult;
  }

  async look(argument: readonly Sight[], signal?: AbortSignal): Promise<readonly boolean[]> {
    return await this.#ask({ call: "look", argument }, signal) as readonly boolean[];
  }

  async lock(argument: string, signal?: AbortSignal): Promise<LockAnswer> {
    return await this.#ask({ call: "lock", argument }, signal) as LockAnswer;
  }

  async unlock(argument: string, signal?: AbortSignal): Promise<void> {
    await this.#ask({ call: "unlock", argument }, signal);
  }

  async #ask(request: Ask, signal: AbortSignal | undefined): Promise<unknown> {
    const running = this.#running;
    if (running === undefined) throw gone();
    const answer = Promise.withResolvers<unknown>();
    const id = ++this.#lastId;
    running.waiting.set(id, answer);
    using _ = signal && onAbort(signal, () => answer.reject(new Error("it was stopped")));
    // That it can't be told means that it has ended, which the end of its output says.
    running.writer.write(new TextEncoder().encode(`${JSON.stringify({ id, ...request })}\n`)).catch(() => {});
    try {
      return await answer.promise;
    } finally {
      running.waiting.delete(id);
    }
  }
}

async function hear({ output }: HelperProcess, waiting: Running["waiting"]): Promise<void> {
  let failure = gone();
  try {
    for await (const line of linesOf(output)) {
      const answer = JSON.parse(line) as Answer;
      const asked = waiting.get(answer.id);
      if ("error" in answer) asked?.reject(new Error(answer.error));
      else asked?.resolve(answer.answer);
    }
  } catch (cause) {
    failure = gone(cause);
  }
  for (const asked of waiting.values()) asked.reject(failure);
}

function gone(cause?: unknown): BackendError {
  return new BackendError(
    "Cannot probe with two processes: the second one ended, or says what is no answer",
    {
      hint: "was it killed for memory? jobq must be able to start itself",
      cause,
    },
  );
}
