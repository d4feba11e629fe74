import type { CallOptions, DeadLetter, DeadLetters, DeadLetterSelection } from "../../core/queue.ts";
import type { Link } from "./link.ts";
import { toWire } from "./wire_numbers.ts";

const DOUBT = "look at the dead letters with jobq dead; doing it again does no harm";

/** The dead letters of a queue on the other side of a link. */
export class RemoteDeadLetters implements DeadLetters {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  list({ limit, signal }: CallOptions & { limit?: number } = {}): Promise<readonly DeadLetter[]> {
    return this.#link.call("dead.list", toWire({ limit }), {
      action: "list the dead letters of",
      signal,
      repeat: true,
    });
  }

  requeue(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    return this.#link.call("dead.requeue", { which }, {
      action: "requeue dead letters of",
      signal,
      doubt: DOUBT,
    });
  }

  purge(which: DeadLetterSelection, { signal }: CallOptions = {}): Promise<number> {
    return this.#link.call("dead.purge", { which }, {
      action: "purge dead letters of",
      signal,
      doubt: DOUBT,
    });
  }
}
