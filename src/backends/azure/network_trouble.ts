/** What a system's error code tells of a request that got no answer. */
export interface NetworkTrouble {
  readonly reason: string;
  /** Whether the request may have arrived. */
  readonly isAmbiguous: boolean;
  readonly hint?: string;
}

const UNREACHABLE = "the network does not reach it";

/** By the codes of Node, and those that the SDKs add. */
const TROUBLES: Readonly<Record<string, NetworkTrouble>> = {
  ECONNREFUSED: { reason: "the connection was refused", isAmbiguous: false },
  ENOTFOUND: {
    reason: "its host was not found",
    isAmbiguous: false,
    hint: "the name may be wrong; if it is right, look at the network and its name servers",
  },
  EAI_AGAIN: { reason: "the name servers do not answer", isAmbiguous: false },
  EHOSTUNREACH: { reason: UNREACHABLE, isAmbiguous: false },
  ENETUNREACH: { reason: UNREACHABLE, isAmbiguous: false },
  ENETDOWN: { reason: UNREACHABLE, isAmbiguous: false },
  EHOSTDOWN: { reason: UNREACHABLE, isAmbiguous: false },
  EADDRNOTAVAIL: { reason: UNREACHABLE, isAmbiguous: false },
  ETIMEDOUT: { reason: "no answer came in time", isAmbiguous: true },
  ESOCKETTIMEDOUT: { reason: "no answer came in time", isAmbiguous: true },
  ECONNRESET: { reason: "the connection was cut", isAmbiguous: true },
  ECONNABORTED: { reason: "the connection was cut", isAmbiguous: true },
  ENETRESET: { reason: "the connection was cut", isAmbiguous: true },
  EPIPE: { reason: "the connection was cut", isAmbiguous: true },
  REQUEST_SEND_ERROR: { reason: "the request could not be sent", isAmbiguous: true },
  PARSE_ERROR: { reason: "the answer was cut off", isAmbiguous: true },
};

/** What the code of a system's error means, when it is one of the network. */
export function networkTrouble(code: string | undefined): NetworkTrouble | undefined {
  if (code === undefined) return undefined;
  if (code.startsWith("HPE_")) return { reason: "the answer was no HTTP", isAmbiguous: true };
  return Object.hasOwn(TROUBLES, code) ? TROUBLES[code] : undefined;
}

/** True for the codes of a server that cannot prove who it is, or of a network that puts itself in between. */
export function isCertificateTrouble(code: string | undefined): boolean {
  return code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO_|^ERR_(?:TLS|SSL)_/.test(code);
}
