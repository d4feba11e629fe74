import { onAbort } from "../../../src/core/abort.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { Quota } from "../quota.ts";
import { BrokerError, serverBusy } from "./broker_error.ts";

/** What a client does or gets, where a fault can befall it. */
export type Point =
  /** A connection over TCP, of any protocol. */
  | "connect"
  /** Putting a token on `$cbs`. */
  | "authorize"
  /** Opening a link on a queue, `$management` included. */
  | "attach"
  /** A message or batch from the client. */
  | "transfer"
  /** A message to the client, which is locked by then. */
  | "delivery"
  /** Settling on the link. */
  | "disposition"
  /** A request to `$management`. */
  | "management"
  /** A request over HTTP. */
  | "http";

/** What befalls it. */
export type Fault =
  /** The connection breaks without a word. */
  | { readonly kind: "cut" }
  /** The service refuses with `condition`: "amqp:internal-error". A delivery can't be refused: it is cut. */
  | { readonly kind: "refuse"; readonly condition: string; readonly status?: number }
  /** The service is too busy. */
  | { readonly kind: "throttle" }
  /** It waits for `ms` by the broker's clock. */
  | { readonly kind: "delay"; readonly ms: number }
  /** It is never answered. */
  | { readonly kind: "silence" };

/** Which a fault befalls, and when. */
export interface FaultOptions {
  readonly at: Point;
  /** Of that queue only. */
  readonly queue?: string;
  /** Of `$management`: "com.microsoft:renew-lock"; over HTTP: the method. */
  readonly operation?: string;
  /** "after": the broker has done it, but the client hears something else, nothing, or hears it late. Default "before". */
  readonly when?: "before" | "after";
  /** How many are left alone first. Default 0. */
  readonly skip?: number;
  /** How many it befalls then. Default 1. */
  readonly times?: number;
}

/** What comes to pass at a point. */
export interface Happening {
  readonly at: Point;
  readonly queue?: string;
  readonly operation?: string;
}

/** What is done at a point, in its parts. */
export interface Step<T> {
  /** Does it. @throws BrokerError if it is refused */
  commit(): T;
  answer(result: T): void;
  refuse(error: BrokerError): void;
  cut(): void;
}

/** The faults of a broker. */
export class Faults {
  readonly #clock: Clock;
  readonly #end = new AbortController();
  #armed: ArmedFault[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Of several that fit, the one that was given first befalls. */
  add(fault: Fault, options: FaultOptions): void {
    this.#armed.push(new ArmedFault(fault, options));
  }

  /** Forgets what has not befallen anything yet. */
  heal(): void {
    this.#armed = [];
  }

  /** Ends all waiting. */
  stop(): void {
    this.heal();
    this.#end.abort();
  }

  /** Resolves after `ms` by the broker's clock, or at once when the broker ends. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const ended = this.#end.signal;
    await this.#clock.sleep(ms, signal === undefined ? ended : AbortSignal.any([signal, ended]));
  }

  /** Takes a step, with what befalls it. Without a fault it is done at once, before this returns. */
  run<T>(happening: Happening, step: Step<T>): void {
    const armed = this.#armed.find((one) => one.takes(happening));
    if (armed === undefined) return perform(step);
    if (armed.when === "before") return this.#befall(armed.fault, step, () => perform(step));
    this.#befallAfter(armed.fault, step);
  }

  #befallAfter<T>(fault: Fault, step: Step<T>): void {
    let answer: () => void;
    try {
      const result = step.commit();
      answer = () => step.answer(result);
    } catch (error) {
      answer = () => step.refuse(asBrokerError(error));
    }
    this.#befall(fault, step, answer);
  }

  #befall<T>(fault: Fault, step: Step<T>, goOn: () => void): void {
    switch (fault.kind) {
      case "cut":
        return step.cut();
      case "refuse":
        return step.refuse(new BrokerError(fault.condition, fault.status ?? 500, "A test wants it."));
      case "throttle":
        return step.refuse(serverBusy());
      case "delay":
        this.sleep(fault.ms).then(() => this.#end.signal.aborted ? step.cut() : goOn());
        return;
      case "silence":
        return void onAbort(this.#end.signal, () => step.cut());
      default:
        return fault satisfies never;
    }
  }
}

/** A fault with its account of what it may still befall. */
class ArmedFault {
  readonly fault: Fault;
  readonly when: "before" | "after";
  readonly #options: FaultOptions;
  readonly #quota: Quota;

  constructor(fault: Fault, options: FaultOptions) {
    const { when = "before" } = options;
    this.fault = fault;
    this.when = when;
    this.#options = options;
    this.#quota = new Quota(options);
  }

  /** Whether it befalls this, which it counts. */
  takes({ at, queue, operation }: Happening): boolean {
    const wanted = this.#options;
    if (wanted.at !== at) return false;
    if (wanted.queue !== undefined && wanted.queue.toLowerCase() !== queue?.toLowerCase()) return false;
    if (wanted.operation !== undefined && wanted.operation !== operation) return false;
    return this.#quota.takes();
  }
}

/** Anything that is no refusal of ours is a mistake of ours, which the client is told as an internal error. */
export function asBrokerError(error: unknown): BrokerError {
  return error instanceof BrokerError ? error : new BrokerError("amqp:internal-error", 500, String(error));
}

function perform<T>(step: Step<T>): void {
  let result: T;
  try {
    result = step.commit();
  } catch (error) {
    return step.refuse(asBrokerError(error));
  }
  step.answer(result);
}
