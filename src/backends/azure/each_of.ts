/** Requests at the same time. */
const CONCURRENCY = 10;

/** Works on all, several at a time. @throws what the first that failed threw, when nothing is under way any more */
export async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const workOff = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(CONCURRENCY, items.length) }, workOff),
  );
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
