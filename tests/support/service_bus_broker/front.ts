import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

/** In PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Who goes on with a connection, by what its client said first. */
export interface Receptionists {
  /** Tells whether the connection is let in. */
  admit(socket: net.Socket, goOn: () => void): void;
  amqp(socket: net.Socket, first: Uint8Array): void;
  http(socket: net.Socket, first: Uint8Array): void;
}

/** Listens for AMQP and HTTP on one port of the loopback device or more, with TLS or without. */
export class Front {
  readonly #receptionists: Receptionists;
  readonly #certificate: Certificate | undefined;
  readonly #extraPorts: readonly number[];
  readonly #sockets = new Set<net.Socket>();
  #servers: net.Server[] = [];
  #port = 0;

  /** @param options `extraPorts` are listened at besides the free one */
  constructor(
    receptionists: Receptionists,
    { certificate, extraPorts = [] }: { certificate?: Certificate; extraPorts?: readonly number[] },
  ) {
    this.#receptionists = receptionists;
    this.#certificate = certificate;
    this.#extraPorts = extraPorts;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens; again at the same port after `close`. */
  async listen(): Promise<void> {
    if (this.#servers.length > 0) return;
    this.#port = await this.#listenAt(this.#port);
    for (const port of this.#extraPorts) await this.#listenAt(port);
  }

  /** Breaks all connections, and takes no new ones. */
  async close(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    const closed = servers.map((server) => once(server, "close"));
    for (const server of servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  async #listenAt(port: number): Promise<number> {
    const welcome = (socket: net.Socket) => this.#welcome(socket);
    const server = this.#certificate === undefined
      ? net.createServer(welcome)
      : tls.createServer({ ...this.#certificate }, welcome).on("tlsClientError", () => {});
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    this.#servers.push(server);
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : port;
  }

  #welcome(socket: net.Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    this.#receptionists.admit(socket, () => {
      socket.once("data", (first: Uint8Array) => {
        const isAmqp = new TextDecoder().decode(first.subarray(0, 4)) === "AMQP";
        if (isAmqp) this.#receptionists.amqp(socket, first);
        else this.#receptionists.http(socket, first);
      });
    });
  }
}
