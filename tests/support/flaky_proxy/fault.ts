import { Quota } from "../quota.ts";

export type Service = "blob" | "queue";

/** What befalls a request. */
export type Fault =
  /** The service refuses: with `code`, in Azure's form (header `x-ms-error-code` and an XML body), else with no body. */
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly code?: string;
    /** More headers: `{ "retry-after": "1" }`. */
    readonly headers?: Readonly<Record<string, string>>;
  }
  /**
   * The connection breaks without an answer. On a connection that it has used before, Deno then asks the same again,
   * and its caller learns nothing of it: https://github.com/denoland/deno/issues/36786
   */
  | { readonly kind: "cut" }
  /** It waits for `ms`, and goes on even when the client does not wait for it any more. */
  | { readonly kind: "delay"; readonly ms: number };

/** Which requests a fault befalls, and when. Without any: the next one, before the service hears of it. */
export interface FaultOptions {
  readonly service?: Service;
  readonly method?: string;
  /** Looked for in the path with its query: `/test-1/messages?visibilitytimeout=30`. */
  readonly path?: RegExp;
  /** "after": the service has done it, but the client hears something else, nothing, or hears it late. */
  readonly when?: "before" | "after";
  /** How many of the requests that match are left alone first. Default 0. */
  readonly skip?: number;
  /** How many it befalls then. Default 1. */
  readonly times?: number;
}

/** A request that came to the proxy. */
export interface SeenRequest {
  readonly service: Service;
  readonly method: string;
  /** Without the account, with the query. */
  readonly path: string;
  /** When it had come whole, in ms since the epoch. */
  readonly at: number;
  /** What befell it. */
  fault?: Fault["kind"];
  /** What the client was told; undefined as long as it waits, and when it could not be told anything. */
  status?: number;
}

/** A fault with its account of the requests that it may still befall. */
export class ArmedFault {
  readonly fault: Fault;
  readonly when: "before" | "after";
  readonly #options: FaultOptions;
  readonly #quota: Quota;

  constructor(fault: Fault, options: FaultOptions) {
    const { when = "before" } = options;
    this.fault = fault;
    this.when = when;
    this.#options = options;
    this.#quota = new Quota(options);
  }

  /** Whether it befalls this request, which it counts. */
  takes({ service, method, path }: SeenRequest): boolean {
    const wanted = this.#options;
    if (wanted.service !== undefined && wanted.service !== service) return false;
    if (wanted.method !== undefined && wanted.method !== method) return false;
    if (wanted.path !== undefined && path.search(wanted.path) < 0) return false;
    return this.#quota.takes();
  }
}
