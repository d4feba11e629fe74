/** A measured value and its unit: `lines/s`, `jobs/s`, `pushes/s`, `µs/job`, `ms`, `MB` or `%`. */
export interface Quantity {
  readonly value: number;
  readonly unit: string;
}

/** What has to be reached: by the figure itself, or by its ratio to the baseline. */
export interface Limit {
  readonly of: "figure" | "ratio";
  readonly at: "least" | "most";
  readonly value: number;
}

/** One line of the table. */
export interface Result {
  readonly what: string;
  readonly figure: Quantity;
  /** What the bare machine does with the same work, measured in the same run and in the same unit. */
  readonly baseline?: Quantity;
  readonly limit?: Limit;
}

export interface BenchmarkOptions {
  /** Small sizes: to see that the benchmark works, not to judge by. */
  readonly quick: boolean;
  /** An empty directory of its own, removed afterwards. */
  readonly directory: string;
}

/** One topic; answers its lines of the table. */
export type Benchmark = (options: BenchmarkOptions) => Promise<readonly Result[]>;

/** The figure in units of the baseline. */
export function ratioOf({ figure, baseline }: Result): number | undefined {
  return baseline && figure.value / baseline.value;
}

/** Whether the limit is kept; undefined without one. */
export function isWithinLimit(result: Result): boolean | undefined {
  const { limit, figure } = result;
  if (limit === undefined) return undefined;
  const value = limit.of === "figure" ? figure.value : ratioOf(result) ?? NaN;
  return limit.at === "least" ? value >= limit.value : value <= limit.value;
}
