import type { HeldLease } from "./holder.ts";
import { leasedName, readLeased } from "./names.ts";

/** Names a lease for another process: where its job's file is. */
export function formatTicket(held: HeldLease, holder: string): string {
  return `${holder}/${leasedName(held)}`;
}

/** Undefined for what is no ticket of such a queue. */
export function readTicket(ticket: string): { holder: string; held: HeldLease } | undefined {
  const [, holder, name] = /^([0-9a-z]{16})\/([0-9a-z.-]+)$/.exec(ticket) ?? [];
  const held = name === undefined ? undefined : readLeased(name);
  return holder === undefined || held === undefined ? undefined : { holder, held };
}
