import type { Key, LeasedName } from "./names.ts";

/** Names a lease for another process, in whichever folder the job's file is by then. */
export function formatTicket({ key, token }: LeasedName): string {
  return `${key}.${token}`;
}

/** Undefined for what is no ticket of such a queue. */
export function readTicket(ticket: string): { readonly key: Key; readonly token: string } | undefined {
  const [, key, token] = /^(\d{15}-[0-9a-z]+)\.([0-9a-z]{10})$/.exec(ticket) ?? [];
  return key === undefined || token === undefined ? undefined : { key, token };
}
