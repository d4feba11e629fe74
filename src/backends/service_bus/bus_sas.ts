import { UsageError } from "../../core/errors.ts";
import { checkSasTimes } from "../azure/sas.ts";

/** What the sentence says, and against what the end is judged. */
export interface BusSasContext {
  readonly namespace: string;
  /** Where it was found: "the SAS of --sas". */
  readonly label: string;
  /** Ms since the epoch. */
  readonly now: number;
}

/** How a SAS of Service Bus begins where it is sent. */
const SCHEME = "SharedAccessSignature ";
const HINT =
  "one of Service Bus looks like SharedAccessSignature sr=…&sig=…&se=…&skn=…, and needs quotes in a shell";

/**
 * Reads a shared access signature of Service Bus, with or without its leading `SharedAccessSignature`; answers it with
 * that. Source of the format: "Service Bus access control with Shared Access Signatures".
 *
 * @throws {UsageError} when it is none, {AccessDeniedError} when it has expired
 */
export function readBusSas(text: string, { namespace, label, now }: BusSasContext): string {
  const refuse = (reason: string, hint = HINT) =>
    new UsageError(`Cannot sign in to "${namespace}": ${label} ${reason}`, { hint });
  const sas = text.trim().replace(/^SharedAccessSignature\s+/i, "").replace(/^\?/, "");
  if (/^[a-z]+:\/\//i.test(sas)) throw refuse("is a whole URL");
  const fields = new URLSearchParams(sas);
  if (fields.get("sv") && fields.get("sig") && !fields.get("skn")) {
    throw refuse("is one of a storage account", `give one of Service Bus: ${HINT}`);
  }
  const lacking = ["sig", "sr", "se", "skn"].find((name) => !fields.get(name));
  if (/[\s;]/.test(sas) || lacking !== undefined) {
    throw refuse(
      lacking === undefined ? "is no SAS: it has spaces or semicolons" : `is no SAS: it lacks ${lacking}=`,
    );
  }
  const endsAt = Number(fields.get("se")) * 1000;
  if (Number.isNaN(endsAt)) throw refuse("is no SAS of Service Bus: its se= is no number of seconds");
  checkSasTimes({ endsAt }, {
    account: namespace,
    label,
    now,
    hint: "make a new one, or look at this machine's clock",
  });
  return SCHEME + sas;
}
