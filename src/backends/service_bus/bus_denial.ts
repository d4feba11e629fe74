import type { Denial } from "../azure/denial.ts";
import { firstLine } from "../azure/redact.ts";

/** By the right that is missing. Source: "Azure built-in roles for Azure Service Bus". */
const ROLES: Readonly<Record<string, string>> = {
  send: "Azure Service Bus Data Sender",
  listen: "Azure Service Bus Data Receiver",
  manage: "Azure Service Bus Data Owner",
};
const SIGN_IN = 'sign in with "az login" and assign the role "Azure Service Bus Data Owner"';
const NOT_ACCEPTED = "the service does not accept the credentials";
const NOT_ALLOWED = "the credentials do not allow it";

/** What the service's words mean; the first that fits. Source: "AMQP errors in Azure Service Bus". */
const DENIALS: readonly (readonly [RegExp, Denial])[] = [
  [/ExpiredToken|\bexpired\b/i, {
    reason: "the SAS or the token has expired",
    hint: "make a new one or sign in again, or look at this machine's clock",
  }],
  [/InvalidSignature|invalid signature/i, {
    reason: NOT_ACCEPTED,
    hint:
      "the key or its name is wrong, the SAS is cut short or for something else: copy it again from the namespace's shared access policies",
  }],
  [/LocalAuthDisabled|SAS authentication (?:has been|is) disabled/i, {
    reason: "the namespace takes no keys, nor what is signed with them",
    hint: `${SIGN_IN}, without a SAS or a connection string`,
  }],
  [/InvalidIssuer|InvalidAudience|InvalidToken|MalformedToken|MissingToken/i, {
    reason: NOT_ACCEPTED,
    hint: 'sign in again with "az login", to the tenant and the cloud of the namespace',
  }],
  [/\bip\b.*(?:prevented|denied|not allowed)|firewall|virtual network/i, {
    reason: "the namespace's network rules do not allow it",
    hint: "let this machine's address through the namespace's firewall",
  }],
];

/** What a refusal means. @param isAdmin whether it was to look at, make or change a queue */
export function busDenial(words: string, isAdmin: boolean): Denial {
  const known = DENIALS.find(([pattern]) => pattern.test(words));
  if (known !== undefined) return known[1];
  const right = /\b(manage|send|listen)\b[^.]{0,40}claim/i.exec(words)?.[1]?.toLowerCase() ??
    (isAdmin ? "manage" : undefined);
  if (right === "manage") {
    return {
      reason: NOT_ALLOWED,
      hint:
        `give the shared access policy the right Manage, or assign the role "${ROLES.manage}"; a queue that others made needs Send and Listen only`,
    };
  }
  if (right !== undefined) {
    return {
      reason: NOT_ALLOWED,
      hint: `give the shared access policy the right ${capital(right)}, or assign the role "${ROLES[right]}"`,
    };
  }
  const said = firstLine(words);
  return {
    reason: said === "" ? "the service refuses it" : `the service refuses it: ${said}`,
    hint:
      `look at the rights of the shared access policy (Send, Listen, Manage), the role "${ROLES.manage}", and whether a SAS has expired`,
  };
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
