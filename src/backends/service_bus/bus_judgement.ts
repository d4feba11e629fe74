/** What a failed call of the Service Bus SDK means. */
export interface Judgement {
  readonly kind: "denied" | "missing" | "too-large" | "lock-lost" | "passing" | "broken";
  readonly reason: string;
  readonly hint?: string;
  /** Whether what was asked for may be done: no answer told that it was not. Default false. */
  readonly isAmbiguous?: boolean;
  /** Where the connection is to blame: whether there was none, or it was lost. */
  readonly connection?: "none" | "lost";
}
