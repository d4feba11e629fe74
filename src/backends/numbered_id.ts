/** An id is a number, short to type, and random letters that tell it from the same number of another queue. */
export function formatJobId(seq: number, suffix: string): string {
  return `${seq}-${suffix}`;
}

/** The number and the letters of an id, or undefined when it cannot be one of ours. */
export function parseJobId(id: string): { seq: number; suffix: string } | undefined {
  const [, seq, suffix] = /^(\d{1,15})-([0-9a-z]+)$/.exec(id) ?? [];
  return seq === undefined || suffix === undefined ? undefined : { seq: Number(seq), suffix };
}
