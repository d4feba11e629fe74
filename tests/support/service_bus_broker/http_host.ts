import net from "node:net";
import type { Parts } from "./amqp_host.ts";
import { administer } from "./atom.ts";
import type { BrokerError } from "./broker_error.ts";
import { asBrokerError } from "./faults.ts";
import { isDataPath, serveData } from "./rest.ts";
import { escapeXml } from "./xml.ts";

/** A request over HTTP, whole. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** As its client calls us: "http://localhost:1234". */
  readonly base: string;
}

/** What upgrades come to. @param breakOff breaks the connection */
export type WebSocketHost = (socket: WebSocket, breakOff: () => void) => void;

const WEB_SOCKET_PATH = "/$servicebus/websocket";
const SUBPROTOCOL = "AMQPWSB10";

/** Serves management, messages and WebSockets over HTTP to the connections that it is given. */
export class HttpHost {
  readonly #parts: Parts;
  readonly #scheme: "http" | "https";
  readonly #acceptWebSocket: WebSocketHost;
  /** The client's sockets by the ports of ours behind them. */
  readonly #sockets = new Map<number, net.Socket>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param scheme by which clients call */
  constructor(parts: Parts, { scheme, acceptWebSocket }: {
    scheme: "http" | "https";
    acceptWebSocket: WebSocketHost;
  }) {
    this.#parts = parts;
    this.#scheme = scheme;
    this.#acceptWebSocket = acceptWebSocket;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request, { remoteAddr }) => this.#handle(request, remoteAddr.port),
    );
  }

  /** Goes on with a connection whose first bytes have been read. */
  accept(socket: net.Socket, first: Uint8Array): void {
    const inner = net.connect(this.#server.addr.port, "127.0.0.1", () => {
      const port = inner.localPort ?? 0;
      this.#sockets.set(port, socket);
      inner.on("close", () => this.#sockets.delete(port));
      inner.write(first);
      socket.pipe(inner).pipe(socket);
    });
    inner.on("error", () => socket.destroy());
    inner.on("close", () => socket.destroy());
    socket.on("close", () => inner.destroy());
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #handle(request: Request, port: number): Promise<Response> {
    const cut = () => void this.#sockets.get(port)?.destroy();
    const url = new URL(request.url);
    if (url.pathname.toLowerCase() === WEB_SOCKET_PATH) return this.#upgrade(request, cut);
    const asked: HttpRequest = {
      method: request.method,
      url,
      headers: request.headers,
      body: new Uint8Array(await request.arrayBuffer()),
      base: `${this.#scheme}://${request.headers.get("host")}`,
    };
    const { promise, resolve } = Promise.withResolvers<Response>();
    const refuse = (error: BrokerError) => resolve(refusal(error));
    this.#parts.faults.run<Response | Promise<Response>>({ at: "http", operation: request.method }, {
      commit: () => isDataPath(url.pathname) ? serveData(asked, this.#parts) : administer(asked, this.#parts),
      answer: (response) =>
        void Promise.resolve(response).then(resolve, (error) => refuse(asBrokerError(error))),
      refuse,
      cut: () => {
        cut();
        resolve(new Response());
      },
    });
    return await promise;
  }

  #upgrade(request: Request, cut: () => void): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is for WebSockets.", { status: 400 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: SUBPROTOCOL });
    this.#acceptWebSocket(socket, cut);
    return response;
  }
}

/** In the form of the service: https://learn.microsoft.com/rest/api/servicebus/ */
function refusal({ status, message }: BrokerError): Response {
  const body = `<Error><Code>${status}</Code><Detail>${escapeXml(message)}</Detail></Error>`;
  return new Response(body, { status, headers: { "content-type": "application/xml; charset=utf-8" } });
}
