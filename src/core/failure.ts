/** Why an execution failed, or a job was given up or cancelled, kept with it for whoever looks later. */
export interface Failure {
  readonly kind: "failed" | "timed-out" | "poison" | "cancelled";
  /** One sentence. */
  readonly message: string;
  readonly exitCode?: number;
  /** The signal that ended the command, as `SIGSEGV`. */
  readonly signal?: string;
  /** The last lines that the job printed. */
  readonly output?: string;
  readonly workerId?: string;
  /** When it happened, ms since the epoch. */
  readonly at: number;
}
