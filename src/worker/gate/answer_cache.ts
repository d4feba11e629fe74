import { LRUCache } from "lru-cache";
import type { Clock } from "../../core/clock.ts";
import type { GateAnswer } from "./gate_answer.ts";
import type { GateSettings } from "./gate_settings.ts";

/** The answers of the gates that were asked last: a pass for as long as there is room, a refusal for its time. */
export class AnswerCache {
  readonly #answers: LRUCache<string, GateAnswer>;
  readonly #negativeTtlMs: number;

  constructor({ cacheSize, negativeTtlMs }: GateSettings, clock: Clock) {
    // Without a resolution it would ask for the time only now and then, with a timer of its own.
    this.#answers = new LRUCache({ max: cacheSize, perf: clock, ttlResolution: 0 });
    this.#negativeTtlMs = negativeTtlMs;
  }

  get(gate: string): GateAnswer | undefined {
    return this.#answers.get(gate);
  }

  keep(gate: string, answer: GateAnswer): void {
    if (answer.kind === "passed") this.#answers.set(gate, answer);
    // To the library, 0 is for ever.
    else if (this.#negativeTtlMs > 0) this.#answers.set(gate, answer, { ttl: this.#negativeTtlMs });
  }
}
