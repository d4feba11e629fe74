/** That a gate kept a worker from running a job. */
export interface GateRefusal {
  readonly workerId: string;
  readonly host: string;
  /** One sentence: what the gate came to. */
  readonly reason: string;
  /** The last time, ms since the epoch. */
  readonly at: number;
  /** How often it refused the job on this worker. */
  readonly times: number;
}

/** What a lease is told of it. */
export type NewRefusal = Omit<GateRefusal, "times">;

/** Of so many workers it is remembered, those that asked last. */
const MAX_REFUSALS = 16;

/** Takes note of a refusal; answers them all, the newest last. */
export function addRefusal(
  refusals: readonly GateRefusal[] | undefined = [],
  refusal: NewRefusal,
): readonly GateRefusal[] {
  const { workerId, host, reason, at } = refusal;
  const before = refusals.find((other) => other.workerId === workerId);
  const others = refusals.filter((other) => other !== before);
  return [...others, { workerId, host, reason, at, times: (before?.times ?? 0) + 1 }].slice(-MAX_REFUSALS);
}

/** Whether what was read is what `addRefusal` made. */
export function isRefusals(value: unknown): value is readonly GateRefusal[] {
  return Array.isArray(value) &&
    value.every((refusal: Partial<GateRefusal> | null) =>
      typeof refusal === "object" && typeof refusal?.workerId === "string" &&
      typeof refusal.host === "string" && typeof refusal.reason === "string" &&
      Number.isFinite(refusal.at) && Number.isFinite(refusal.times)
    );
}
