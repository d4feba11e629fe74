import type { RequestPolicyFactory } from "@azure/storage-queue";
import { Agent as HttpAgent, type ClientRequest } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { watchedLookup } from "./name_lookups.ts";

/**
 * Deno sends a request again, by itself and whatever its method, when a connection that was used before closes without
 * an answer (https://github.com/denoland/deno/issues/36786): a message would be there twice, a removal would look like
 * a lost lease, and a request that was given up would still take messages. It does so only for requests that are marked
 * as sent on a used connection; nothing else reads that mark.
 */
function unmark(request: ClientRequest): void {
  request.reusedSocket = false;
}

class SingleSendHttpAgent extends HttpAgent {
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    unmark(request);
  }
}

class SingleSendHttpsAgent extends HttpsAgent {
  override reuseSocket(socket: Duplex, request: ClientRequest): void {
    super.reuseSocket(socket, request);
    unmark(request);
  }
}

const OPTIONS = { keepAlive: true, lookup: watchedLookup };
const http = hearingAll(new SingleSendHttpAgent(OPTIONS));
const https = hearingAll(new SingleSendHttpsAgent(OPTIONS));

/** As Node's agents have it, and its types do not. */
interface RequestAdder {
  addRequest(request: ClientRequest, ...rest: readonly unknown[]): void;
}

/** A request that is aborted before it has a connection says so twice in Deno; the SDKs listen once, and the second ends the process. */
function hearingAll(agent: HttpAgent): HttpAgent {
  const adder = agent as unknown as RequestAdder;
  const addRequest = adder.addRequest.bind(agent);
  adder.addRequest = (request, ...rest) => {
    request.on("error", () => {});
    addRequest(request, ...rest);
  };
  return agent;
}

/** Has a request go out once. One through a proxy keeps the agent that it has. */
export function sendOnce(request: { readonly url: string; agent?: unknown }): void {
  request.agent ??= request.url.startsWith("https:") ? https : http;
}

/** The last step of a pipeline: each request goes out once. */
export const singleSend: RequestPolicyFactory = {
  create: (next) => ({
    sendRequest(request) {
      sendOnce(request);
      return next.sendRequest(request);
    },
  }),
};
