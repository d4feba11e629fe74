import { errorMessage } from "../../core/errors.ts";
import type { ExecutionKey, JobLogs, LogPart, LogWriter, LogWriterOptions } from "../../core/job_logs.ts";
import { type Connection } from "./connection.ts";
import { LostCall } from "./lost_call.ts";
import type { Link } from "./link.ts";
import { toWire } from "./wire_numbers.ts";

/** The most that is on its way to one log, in bytes. */
const MAX_ON_WAY_BYTES = 1024 * 1024;
/** The most that one message takes to a log, in bytes. */
const PART_BYTES = 256 * 1024;

/** The output of jobs, kept on the other side of a link. */
export class RemoteLogs implements JobLogs {
  readonly place: string;
  readonly #link: Link;

  /** @param place where it is over there */
  constructor(link: Link, place: string) {
    this.place = place;
    this.#link = link;
  }

  open(execution: ExecutionKey, options: LogWriterOptions): LogWriter {
    return new RemoteLogWriter(this.#link, execution, options);
  }

  async read({ id, execution }: ExecutionKey, from: number): Promise<LogPart> {
    const part = await this.#link.call("logs.read", { job: id, execution, from }, {
      action: `read the log of job ${id} of`,
      repeat: true,
    });
    return { bytes: Uint8Array.fromBase64(part.bytes), from: part.from };
  }
}

/**
 * Sends what an execution prints without waiting for each answer. It belongs to one connection: what is printed after
 * that was lost is not kept, since nobody could tell what of the rest had arrived.
 */
class RemoteLogWriter implements LogWriter {
  readonly #onProblem: (reason: string) => void;
  readonly #home: Promise<{ readonly connection: Connection; readonly log: number } | undefined>;
  readonly #sent = new Set<Promise<void>>();
  #last: Promise<void> = Promise.resolve();
  #listening: Disposable | undefined;
  #onWayBytes = 0;
  #hasEnded = false;

  constructor(link: Link, execution: ExecutionKey, { maxBytes, onProblem = () => {} }: LogWriterOptions) {
    this.#onProblem = onProblem;
    this.#home = this.#open(link, execution, maxBytes);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#hasEnded || bytes.length === 0) return Promise.resolve();
    // The caller may use its buffer for something else as soon as this returns.
    const copy = bytes.slice();
    return this.#last = this.#last.then(() => this.#send(copy));
  }

  close(): Promise<void> {
    return this.#last = this.#last.then(async () => {
      const home = await this.#home;
      await Promise.all(this.#sent);
      this.#listening?.[Symbol.dispose]();
      if (home === undefined || this.#hasEnded) return;
      this.#hasEnded = true;
      await home.connection.request("logs.close", { log: home.log }).catch(() => {});
    });
  }

  async #open(link: Link, { id: job, execution }: ExecutionKey, maxBytes: number) {
    try {
      const connection = await link.connection();
      const log = connection.nextNumber();
      this.#listening = connection.topics.listen(`log ${log}`, {
        onEvent: (news) => news.event === "problem" && this.#fail(news.reason),
        onEnd: () => this.#fail(LOST),
      });
      const opened = connection.request("logs.open", { job, execution, ...toWire({ log, maxBytes }) });
      this.#keep(opened, 0);
      return { connection, log };
    } catch (error) {
      this.#fail(errorMessage(error));
      return undefined;
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const home = await this.#home;
    for (let at = 0; at < bytes.length && home !== undefined; at += PART_BYTES) {
      const part = bytes.subarray(at, at + PART_BYTES);
      while (this.#onWayBytes > 0 && this.#onWayBytes + part.length > MAX_ON_WAY_BYTES) {
        await Promise.race(this.#sent);
      }
      if (this.#hasEnded) return;
      const { connection, log } = home;
      this.#keep(connection.request("logs.write", { log, bytes: part.toBase64() }), part.length);
    }
  }

  /** Notes what is on its way until it has arrived. */
  #keep(answer: Promise<void>, bytes: number): void {
    this.#onWayBytes += bytes;
    const settled = answer.catch((error) => this.#fail(reasonOf(error))).finally(() => {
      this.#onWayBytes -= bytes;
      this.#sent.delete(settled);
    });
    this.#sent.add(settled);
  }

  #fail(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onProblem(reason);
  }
}

const LOST = "the connection was lost; what is printed after that cannot be added";

function reasonOf(error: unknown): string {
  return error instanceof LostCall ? LOST : errorMessage(error);
}
