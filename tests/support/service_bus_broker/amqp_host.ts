import type { Access } from "./access.ts";
import { type AmqpConnection, type Container, newContainer } from "./codec.ts";
import type { Faults } from "./faults.ts";
import { LinkHost } from "./link_host.ts";
import type { Namespace } from "./namespace.ts";
import { Peer } from "./peer.ts";

/** What the broker's parts work on. */
export interface Parts {
  readonly namespace: Namespace;
  readonly access: Access;
  readonly faults: Faults;
}

/** As the service's: a larger message comes in several frames. */
const MAX_FRAME_BYTES = 65_536;

/** How many deliveries of a session may be unsettled; rhea's own 2048 would break on a test with many locks. */
const SESSION_BUFFER = 65_536;

/** Speaks AMQP with whoever connects. */
export class AmqpHost {
  readonly #parts: Parts;
  readonly #container: Container = newContainer("service-bus-broker");
  readonly #peers = new Set<Peer>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#container.sasl_server_mechanisms.enable_anonymous();
  }

  get peers(): ReadonlySet<Peer> {
    return this.#peers;
  }

  /**
   * Takes a connection on.
   *
   * @param socket a socket of `node:net` or what rhea takes for one
   * @param breakOff breaks it
   */
  accept(socket: unknown, breakOff: () => void): Peer {
    const connection = this.#container.create_connection({
      max_frame_size: MAX_FRAME_BYTES,
      session_buffer_size: SESSION_BUFFER,
      reconnect: false,
      tcp_no_delay: true,
      sender_options: { autosettle: false, treat_modified_as_released: false },
      receiver_options: { autoaccept: false },
    });
    const peer = new Peer(connection, breakOff);
    this.#peers.add(peer);
    peer.onEnd(() => this.#peers.delete(peer));
    new LinkHost(peer, this.#parts);
    listenForEnds(connection, peer);
    connection.accept(socket);
    return peer;
  }
}

/** Rhea warns on the console about what nobody listens to. */
function listenForEnds(connection: AmqpConnection, peer: Peer): void {
  connection.on("disconnected", () => peer.ended());
  for (const failure of ["error", "protocol_error"]) connection.on(failure, () => peer.cut());
  const harmless = ["connection_open", "connection_close", "connection_error"];
  for (const event of [...harmless, "session_open", "session_close", "session_error"]) {
    connection.on(event, () => {});
  }
}
