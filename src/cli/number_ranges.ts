/** From one number to another, both of them included. */
export type Range = readonly [first: number, last: number];

/** Numbers in their order, those that follow each other as one. */
export function rangesOf(numbers: readonly number[]): readonly Range[] {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === number - 1) range[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}

/** `3, 7-9` */
export function rangesText(ranges: readonly Range[]): string {
  return ranges.map(([first, last]) => first === last ? `${first}` : `${first}-${last}`).join(", ");
}

/** What `sed -n` prints the lines in the ranges with, and all after `lastLine`: `3p;7,9p;13,$p`. */
export function sedScript(ranges: readonly Range[], lastLine: number): string {
  const last = ranges.at(-1);
  const [before, tail] = last?.[1] === lastLine ? [ranges.slice(0, -1), last[0]] : [ranges, lastLine + 1];
  const parts = before.map(([first, last]) => first === last ? `${first}p` : `${first},${last}p`);
  return [...parts, `${tail},$p`].join(";");
}
