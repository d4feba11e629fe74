/** Putting tokens on `$cbs`: https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide#claims-based-authorization */
import type { Access } from "./access.ts";
import { invalid } from "./broker_error.ts";
import type { AmqpMessage } from "./codec.ts";
import type { Peer } from "./peer.ts";
import type { Response } from "./requests.ts";
import { textOf } from "./stored_message.ts";

const KNOWN_TYPES: ReadonlySet<string> = new Set(["servicebus.windows.net:sastoken", "jwt"]);

/** Has the peer hold what its token allows. @throws BrokerError if the token is no good */
export function putToken(request: AmqpMessage, { peer, access }: { peer: Peer; access: Access }): Response {
  const { operation, name, type } = request.application_properties ?? {};
  if (operation !== "put-token" || !KNOWN_TYPES.has(String(type))) {
    throw invalid("The request is no put-token.");
  }
  peer.claims.set(String(name), access.check(textOf(request.body)));
  return { status: 202 };
}
