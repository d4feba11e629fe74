import dns from "node:dns";
import type { LookupFunction } from "node:net";

/** A lookup cannot be broken off: it goes on after the request was aborted that it is for, and keeps the process alive. */
const underWay = new Set<Promise<void>>();

/** Looks a name up for a connection of an agent. */
export const watchedLookup: LookupFunction = (host, options, onFound) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  underWay.add(promise);
  dns.lookup(host, options, (...found) => {
    underWay.delete(promise);
    resolve();
    onFound(...found);
  });
};

/** Resolves when the lookups have ended that are under way now. */
export async function lookedUp(): Promise<void> {
  await Promise.all(underWay);
}
