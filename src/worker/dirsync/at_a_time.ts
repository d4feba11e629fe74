/** Does `work` for all items, so many at a time, until all are done or the signal is aborted. `work` must not throw. */
export async function atATime<Item>(
  count: number,
  items: readonly Item[],
  { work, signal }: { work: (item: Item) => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const rest = items.values();
  const one = async () => {
    for (const item of rest) {
      if (signal.aborted) return;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, one));
}
