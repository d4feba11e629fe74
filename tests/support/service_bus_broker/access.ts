import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../../src/core/clock.ts";
import { entityPath } from "./address.ts";
import { unauthorized } from "./broker_error.ts";

export type Right = "listen" | "send" | "manage";

export const ALL_RIGHTS: readonly Right[] = ["listen", "send", "manage"];

/** What a token allows. */
export interface Claim {
  /** Path of the resource with no slash at either end, in lower case; empty is the whole namespace. */
  readonly path: string;
  readonly rights: ReadonlySet<Right>;
  /** In ms since the epoch. */
  readonly expiresAt: number;
}

interface Key {
  readonly value: string;
  readonly rights: ReadonlySet<Right>;
}

/** The keys of a namespace, and which tokens are good. */
export class Access {
  readonly #keys = new Map<string, Key>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Makes or replaces the key of that name. @returns its value */
  addKey(name: string, rights: readonly Right[]): string {
    const value = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
    this.#keys.set(name, { value, rights: new Set(rights) });
    return value;
  }

  /** @throws BrokerError if the token is not signed by a key of ours, or not good any more */
  check(token: string): Claim {
    const text = token.replace(/^Bearer /i, "");
    const claim = text.startsWith("SharedAccessSignature ") ? this.#checkSas(text) : this.#checkJwt(text);
    if (claim.expiresAt <= this.#clock.now()) {
      throw unauthorized("ExpiredToken: The token is expired.");
    }
    return claim;
  }

  /** @throws BrokerError unless a claim allows one of `rights` on the entity at `address` */
  demand(claims: Iterable<Claim>, { address, rights }: { address: string; rights: readonly Right[] }): void {
    const path = pathOf(address);
    const now = this.#clock.now();
    for (const claim of claims) {
      const covers = claim.path === "" || path === claim.path || path.startsWith(`${claim.path}/`);
      const allows = rights.some((right) => claim.rights.has(right));
      if (covers && allows && claim.expiresAt > now) return;
    }
    throw unauthorized(
      `Unauthorized access. '${rights.join("' or '")}' claim(s) are required to perform this operation.`,
    );
  }

  /** Signature: HMAC-SHA256 of `sr`, newline, `se`: https://learn.microsoft.com/rest/api/eventhub/generate-sas-token */
  #checkSas(token: string): Claim {
    const fields = new Map(
      token.slice("SharedAccessSignature ".length).split("&").map((field) => {
        const at = field.indexOf("=");
        return [field.slice(0, at), field.slice(at + 1)] as const;
      }),
    );
    const resource = fields.get("sr") ?? "";
    const expiry = fields.get("se") ?? "";
    const key = this.#keys.get(decodeURIComponent(fields.get("skn") ?? ""));
    if (key === undefined) throw unauthorized("InvalidSignature: The token has an unknown key name.");
    const given = Buffer.from(decodeURIComponent(fields.get("sig") ?? ""), "base64");
    const signature = createHmac("sha256", key.value).update(`${resource}\n${expiry}`).digest();
    if (given.length !== signature.length || !timingSafeEqual(given, signature)) {
      throw unauthorized("InvalidSignature: The token has an invalid signature.");
    }
    return {
      path: pathOfResource(decodeURIComponent(resource)),
      rights: key.rights,
      expiresAt: Number(expiry) * 1000,
    };
  }

  /** Of a token of Entra ID only the time is looked at: it allows all. */
  #checkJwt(token: string): Claim {
    const [, payload = ""] = token.split(".");
    try {
      const { exp } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp?: unknown };
      if (typeof exp === "number") return { path: "", rights: new Set(ALL_RIGHTS), expiresAt: exp * 1000 };
    } catch {
      // Whatever it is, it is no token.
    }
    throw unauthorized("MalformedToken: The token could not be read.");
  }
}

/** The resource is an address, which may lack its scheme; the client for management signs the URL that it asks. */
function pathOfResource(resource: string): string {
  return pathOf(decodeURIComponent(resource.replace(/^(?:[a-z]+:\/\/)?[^/]*/i, "").replace(/\?.*$/, "")));
}

function pathOf(address: string): string {
  return entityPath(address).toLowerCase().replace(/\/\$management$/, "");
}
