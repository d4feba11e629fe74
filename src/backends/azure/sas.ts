import { AccessDeniedError, UsageError } from "../../core/errors.ts";

/** What the sentence says, and against what the end is judged. */
export interface SasContext {
  /** What it opens: an account, a namespace. */
  readonly account: string;
  /** Where it was found: "the SAS of --sas". */
  readonly label: string;
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * Reads a shared access signature, with or without its leading `?`; answers it without.
 *
 * @throws {UsageError} when it is none, {AccessDeniedError} when it has expired or begins later
 */
export function readSas(text: string, { account, label, now }: SasContext): string {
  const sas = text.trim().replace(/^\?/, "");
  if (sas.includes("://")) {
    throw new UsageError(`Cannot sign in to "${account}": ${label} is a whole URL`, {
      hint: "give only what stands behind its ?",
    });
  }
  const fields = new URLSearchParams(sas);
  if (/\s/.test(sas) || !fields.get("sig")) {
    throw new UsageError(`Cannot sign in to "${account}": ${label} is no SAS: it lacks sig=`, {
      hint: "a SAS looks like sv=…&se=…&sp=…&sig=…; mind that the shell needs quotes around it",
    });
  }
  checkSasTimes({ beginsAt: instantOf(fields.get("st")), endsAt: instantOf(fields.get("se")) }, {
    account,
    label,
    now,
    hint: "make a new one (with the Azure CLI, or in the portal), or look at this machine's clock",
  });
  return sas;
}

/**
 * False for a SAS that is for other services only: one of an account names its services (`ss`), one of a blob service
 * the kind of its resource (`sr`).
 * Source: "Create an account SAS" and "Create a service SAS" of the Azure Storage services.
 */
export function isForBlobs(text: string): boolean {
  const fields = new URLSearchParams(text.trim().replace(/^\?/, ""));
  if (!fields.has("sig")) return true;
  const kind = fields.get("sr");
  return fields.get("ss")?.includes("b") ?? (kind !== null && !/^[fs]$/.test(kind));
}

/** When a shared access signature is good, in ms since the epoch. */
export interface SasTimes {
  readonly beginsAt?: number;
  readonly endsAt?: number;
}

/** @throws {AccessDeniedError} when it has expired or begins later */
export function checkSasTimes(
  { beginsAt, endsAt }: SasTimes,
  { account, label, now, hint }: SasContext & { readonly hint: string },
): void {
  const refuse = (reason: string) =>
    new AccessDeniedError(`Cannot sign in to "${account}": ${label} ${reason}`, { hint });
  if (endsAt !== undefined && endsAt <= now) throw refuse(`expired at ${new Date(endsAt).toISOString()}`);
  // The service allows clocks to differ by up to 15 minutes.
  if (beginsAt !== undefined && beginsAt > now + 15 * 60_000) {
    throw refuse(`is valid only from ${new Date(beginsAt).toISOString()}`);
  }
}

/** A time of a SAS, which is in UTC and may lack its seconds or its clock time; undefined when there is none. */
function instantOf(text: string | null): number | undefined {
  const [, day, minutes, seconds] =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d+)?)?Z)?$/.exec(text ?? "") ?? [];
  const at = day === undefined ? NaN : Date.parse(`${day}T${minutes ?? "00:00"}${seconds ?? ""}Z`);
  return Number.isNaN(at) ? undefined : at;
}
