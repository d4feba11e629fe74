export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = NaN, high = NaN] = sorted.length % 2 === 1
    ? [sorted[middle], sorted[middle]]
    : sorted.slice(middle - 1);
  return (low + high) / 2;
}

/** Measures once; answers a time, or a rate. */
export type Contender = () => number | Promise<number>;

/**
 * Measures the contenders in turn, A B C A B C …, so that a slow moment of the machine hits all of them alike;
 * answers the median of each.
 */
export async function interleave<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, Contender>>,
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[];
  const samples = names.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, name] of names.entries()) samples[index]?.push(await contenders[name]());
  }
  return Object.fromEntries(names.map((name, index) => [name, median(samples[index] ?? [])])) as Record<
    Name,
    number
  >;
}

/** How long the work takes, in seconds. */
export async function secondsOf(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
