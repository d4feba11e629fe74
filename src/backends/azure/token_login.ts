import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import { DONE } from "../../core/abort.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { Logger } from "../../log/logger.ts";
import { cloudOf } from "./cloud.ts";
import { signInError, type TokenFailure } from "./token_failure.ts";
import { type TokenSource, tokenSources } from "./token_sources.ts";

export interface TokenLoginOptions {
  /** What is signed in to: an account, a namespace. */
  readonly name: string;
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  readonly log: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: those for which the environment has what they need. */
  readonly sources?: readonly TokenSource[];
}

/** How long one way to sign in may take, in ms: a metadata service that is not there never answers. */
const SOURCE_TIMEOUT_MS = 40_000;
/** A token is replaced this long before its end, in ms, so that no request carries one that ends on its way. */
const SPARE_MS = 5 * 60_000;

/**
 * Gets tokens of Microsoft Entra ID for the Azure SDKs: tries the ways to sign in one after the other, keeps the first
 * that gives a token, and the token until shortly before its end.
 */
export class TokenLogin implements TokenCredential {
  readonly #options: TokenLoginOptions;
  readonly #clock: Clock;
  readonly #sources: readonly TokenSource[];
  readonly #tokens = new Map<string, AccessToken>();
  readonly #pending = new Map<string, Promise<AccessToken>>();
  #kept: { readonly source: TokenSource; readonly credential: TokenCredential } | undefined;

  /** @throws {UsageError} when the environment names no cloud that there is */
  constructor(options: TokenLoginOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#sources = options.sources ?? tokenSources(options.env, cloudOf(options.env));
  }

  /** Which way gave a token; until one did, those that will be tried. */
  get label(): string {
    return this.#kept?.source.label ?? this.#sources.map(({ label }) => label).join(", or ");
  }

  /**
   * A token, the same for all who ask at once. It does not heed `options.abortSignal`: whoever asked first may give up,
   * and the others still want theirs.
   *
   * @throws {AccessDeniedError} when no way gives one, {BackendError} when that may pass
   */
  async getToken(scopes: string | string[], options: GetTokenOptions = {}): Promise<AccessToken> {
    const { claims, tenantId } = options;
    const key = JSON.stringify([scopes, tenantId, claims]);
    const cached = this.#tokens.get(key);
    if (cached !== undefined && this.#clock.now() < staleAt(cached)) return cached;
    const pending = this.#pending.get(key) ??
      this.#fetch(key, scopes, options).finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    try {
      return await pending;
    } catch (error) {
      // The token that is there is good for some minutes more.
      if (cached !== undefined && this.#clock.now() < cached.expiresOnTimestamp) return cached;
      throw error;
    }
  }

  async #fetch(key: string, scopes: string | string[], options: GetTokenOptions): Promise<AccessToken> {
    const failures: TokenFailure[] = [];
    const kept = this.#kept;
    for (const source of kept === undefined ? this.#sources : [kept.source]) {
      try {
        const credential = kept?.credential ?? await source.make();
        const token = await this.#ask(credential, scopes, { ...options, abortSignal: undefined });
        if (this.#kept === undefined) {
          this.#kept = { source, credential };
          this.#options.log.info(`signed in to ${this.#options.name} with ${source.label}`);
        }
        this.#tokens.set(key, token);
        return token;
      } catch (error) {
        failures.push({ source, error });
      }
    }
    throw signInError(this.#options.name, failures, kept !== undefined);
  }

  /** One way's token, or its failure to give one in time. */
  async #ask(
    credential: TokenCredential,
    scopes: string | string[],
    options: GetTokenOptions,
  ): Promise<AccessToken> {
    const timer = new AbortController();
    const tooLong = this.#clock.sleep(SOURCE_TIMEOUT_MS, timer.signal).then(() => {
      throw new DOMException(`no answer came within ${SOURCE_TIMEOUT_MS / 1000} s`, "TimeoutError");
    });
    // Once the answer has come, the timer's end is nobody's failure.
    tooLong.catch(() => {});
    try {
      const token = await Promise.race([credential.getToken(scopes, options), tooLong]);
      if (token?.token) return token;
      throw new Error("it gave no token");
    } finally {
      timer.abort(DONE);
    }
  }
}

function staleAt({ expiresOnTimestamp, refreshAfterTimestamp }: AccessToken): number {
  return Math.min(refreshAfterTimestamp ?? Infinity, expiresOnTimestamp - SPARE_MS);
}
