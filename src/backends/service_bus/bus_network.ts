import type { FailedCall } from "../azure/failed_call.ts";
import { isCertificateTrouble, networkTrouble } from "../azure/network_trouble.ts";
import { firstLine } from "../azure/redact.ts";
import { busCode } from "./bus_code.ts";
import type { Judgement } from "./bus_judgement.ts";

const AMQP_HINT =
  "AMQP needs port 5671; where that is closed, --transport ws goes through port 443 and proxies";
const WEB_SOCKET_HINT = "WebSockets need port 443, and where there is a proxy, HTTPS_PROXY";
/** How Deno begins what it says about a WebSocket that could not be opened. */
const WEB_SOCKET = "failed to connect to WebSocket: ";

/** What the SDK's own sentences mean, where it says nothing else: the beginning of each, or a part. */
const SENTENCES: readonly (readonly [RegExp, Judgement])[] = [
  // The socket was closed before the service said a word.
  [/^Failed to connect$/, unreached("the connection was closed at once", AMQP_HINT)],
  // It broke while links were set up; what is sent goes only through a link that is there.
  [/^Unknown error encountered/, lost("the connection was cut")],
  [/^Connection is reopening|^Link closed before|permanently closed/, lost("the connection was cut")],
  [/^Unknown error occurred on the AMQP connection|^An error occurred while receiving messages/, {
    ...lost("the connection was cut"),
    isAmbiguous: true,
  }],
  [
    /^The underlying AMQP connection is closed|has been closed and can no longer be used/,
    lost("it is closed"),
  ],
];

const NO_ANSWER = "no answer came in time";
/** By the SDK's codes for the end of a link or a connection. */
const CLOSINGS: Readonly<Record<string, Judgement>> = {
  DetachForcedError: { ...lost("the service closed the connection"), isAmbiguous: true },
  ConnectionForcedError: { ...lost("the service closed the connection"), isAmbiguous: true },
  SenderNotReadyError: lost("the service takes nothing at the moment"),
  SenderBusyError: lost("the service takes nothing at the moment"),
  InsufficientCreditError: lost("the service takes nothing at the moment"),
};

/** The connection, or the links that everything needs, did not come up in time; nothing was sent. */
const SETUP_TIMEOUT =
  /was not able to send the message right now|^The management request timed out|^Unable to (?:create|open)/;

/** What went wrong with the connection; undefined where the service gave an answer, and for what is no trouble of it. */
export function judgeConnection(call: FailedCall): Judgement | undefined {
  const { name, message, status } = call;
  if (status !== undefined) return undefined;
  const { code } = busCode(call);
  if (isCertificateTrouble(code)) return unsafe(code);
  if (name === "NetworkError") return judgeWebSocket(message);
  if (name === "ProtocolError") {
    return {
      kind: "broken",
      reason: "what answers there speaks no AMQP",
      hint: AMQP_HINT,
      connection: "none",
    };
  }
  const known = SENTENCES.find(([sentence]) => code === undefined && sentence.test(message));
  if (known !== undefined) return known[1];
  if (code === "ServiceTimeout" || /^(?:AbortError|TimeoutError|OperationTimeoutError)$/.test(name)) {
    return SETUP_TIMEOUT.test(message)
      ? unreached(NO_ANSWER, AMQP_HINT)
      : { ...lost(NO_ANSWER), isAmbiguous: true };
  }
  const closed = CLOSINGS[code ?? ""];
  if (closed !== undefined) return closed;
  const trouble = networkTrouble(code);
  if (trouble === undefined) return undefined;
  const { reason, hint = name === "RestError" ? undefined : AMQP_HINT, isAmbiguous } = trouble;
  // The system names the call that failed: "connect ETIMEDOUT 10.0.0.1:5671".
  const isConnecting = !isAmbiguous || /\bconnect E[A-Z]+/.test(message);
  return isConnecting ? unreached(reason, hint) : { ...lost(reason), isAmbiguous };
}

function judgeWebSocket(message: string): Judgement {
  if (!message.startsWith(WEB_SOCKET)) return { ...lost("the connection was cut"), isAmbiguous: true };
  const said = message.slice(WEB_SOCKET.length);
  const [, fault] = /^invalid peer certificate: (\w+)/.exec(said) ?? [];
  if (fault !== undefined || /certificate|corrupt message/.test(said)) {
    return unsafe(fault ?? firstLine(said));
  }
  if (said === "dns error") {
    const { reason, hint } = networkTrouble("ENOTFOUND") ?? { reason: said };
    return unreached(reason, hint);
  }
  return unreached(`no WebSocket could be opened (${firstLine(said)})`, WEB_SOCKET_HINT);
}

function unsafe(fault: string | undefined): Judgement {
  return {
    kind: "broken",
    reason: `there is no safe connection (${fault})`,
    hint: "when the network uses a certificate authority of its own, name its file in NODE_EXTRA_CA_CERTS",
  };
}

function unreached(reason: string, hint?: string): Judgement {
  return { kind: "passing", reason, hint, connection: "none" };
}

function lost(reason: string): Judgement {
  return { kind: "passing", reason, connection: "lost" };
}
