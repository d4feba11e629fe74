import type net from "node:net";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { Access, ALL_RIGHTS, type Right } from "./access.ts";
import { AmqpHost } from "./amqp_host.ts";
import { entityNotFound } from "./broker_error.ts";
import { type Fault, type FaultOptions, Faults } from "./faults.ts";
import { type Certificate, Front } from "./front.ts";
import { HttpHost } from "./http_host.ts";
import { Namespace } from "./namespace.ts";
import type { QueueOptions } from "./queue_options.ts";
import { QueueView } from "./queue_view.ts";
import { wrapWebSocket } from "./web_socket.ts";

export interface BrokerOptions {
  /** Made at the start; a list makes them with the defaults. */
  readonly queues?: readonly string[] | Readonly<Record<string, QueueOptions>>;
  /** Whether a queue comes to be when a client first names it. Default false. */
  readonly autoCreate?: boolean;
  /** By which locks end, messages come due and expire. Default: the machine's. */
  readonly clock?: Clock;
  /** With it, the broker speaks TLS only. */
  readonly certificate?: Certificate;
  /** Listened at besides the free port: the SDK for Python speaks AMQP with port 5671 only. Default: none. */
  readonly extraPorts?: readonly number[];
}

const ROOT_KEY = "RootManageSharedAccessKey";

/**
 * A Service Bus namespace in this process: queues without sessions, on one free port of the loopback device for
 * AMQP, AMQP over WebSockets, management and messages over HTTP. All that it holds is in memory, and gone with it.
 *
 * It has no sessions, topics, transactions, forwarding or changing of queues; links stay open when they are idle and
 * when the token for them expires; locks outlive their links; a lock may be shorter than the service's 5 s.
 */
export class ServiceBusBroker implements AsyncDisposable {
  readonly clock: Clock;
  readonly #namespace: Namespace;
  readonly #access: Access;
  readonly #faults: Faults;
  readonly #amqp: AmqpHost;
  readonly #http: HttpHost;
  readonly #front: Front;
  readonly #hasTls: boolean;
  readonly #rootKey: string;

  private constructor({ autoCreate = false, clock = systemClock, certificate, extraPorts }: BrokerOptions) {
    this.clock = clock;
    this.#namespace = new Namespace(clock, { autoCreate });
    this.#access = new Access(clock);
    this.#faults = new Faults(clock);
    this.#rootKey = this.#access.addKey(ROOT_KEY, ALL_RIGHTS);
    const parts = { namespace: this.#namespace, access: this.#access, faults: this.#faults };
    this.#amqp = new AmqpHost(parts);
    this.#hasTls = certificate !== undefined;
    this.#http = new HttpHost(parts, {
      scheme: this.#hasTls ? "https" : "http",
      acceptWebSocket: (socket, breakOff) => void this.#amqp.accept(wrapWebSocket(socket), breakOff),
    });
    this.#front = new Front({
      admit: (socket, goOn) => this.#admit(socket, goOn),
      amqp: (socket, first) => this.#acceptAmqp(socket, first),
      http: (socket, first) => this.#http.accept(socket, first),
    }, { certificate, extraPorts });
  }

  /** Answers when it listens. */
  static async start(options: BrokerOptions = {}): Promise<ServiceBusBroker> {
    const broker = new ServiceBusBroker(options);
    const { queues = [] } = options;
    const pairs = Array.isArray(queues) ? queues.map((name) => [name, {}]) : Object.entries(queues);
    for (const [name, queueOptions] of pairs) broker.createQueue(name, queueOptions);
    await broker.#front.listen();
    return broker;
  }

  /** With the key that may do all; in the emulator's form unless the broker speaks TLS. */
  get connectionString(): string {
    return this.#connectionStringOf(ROOT_KEY, this.#rootKey);
  }

  /** `HOST:PORT` for clients that have tokens. */
  get host(): string {
    return `localhost:${this.#front.port}`;
  }

  /** How many clients are connected over AMQP. */
  get connections(): number {
    return this.#amqp.peers.size;
  }

  /** @throws BrokerError if there is one of that name */
  createQueue(name: string, options: QueueOptions = {}): QueueView {
    return new QueueView(this.#namespace.create(name, options));
  }

  /** For a look at its messages. @throws BrokerError if there is none */
  queue(name: string): QueueView {
    const queue = this.#namespace.get(name);
    if (queue === undefined) throw entityNotFound(name);
    return new QueueView(queue);
  }

  /** Makes a key with these rights only. @returns a connection string with it */
  addKey(name: string, rights: readonly Right[]): string {
    return this.#connectionStringOf(name, this.#access.addKey(name, rights));
  }

  /** Has `fault` befall what is to come at a point. Of several that fit, the one that was given first does. */
  fault(fault: Fault, options: FaultOptions): void {
    this.#faults.add(fault, options);
  }

  /** Forgets the faults that have not befallen anything yet. */
  heal(): void {
    this.#faults.heal();
  }

  /** Breaks all connections over AMQP; new ones are welcome. */
  cutConnections(): void {
    for (const peer of [...this.#amqp.peers]) peer.cut();
  }

  /** Breaks all connections and refuses new ones. */
  async down(): Promise<void> {
    this.cutConnections();
    await this.#front.close();
  }

  /** Ends what `down()` began, at the same port. */
  async up(): Promise<void> {
    await this.#front.listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#faults.stop();
    await this.down();
    await this.#http.close();
    this.#namespace.close();
  }

  #connectionStringOf(name: string, key: string): string {
    const base = `Endpoint=sb://${this.host};SharedAccessKeyName=${name};SharedAccessKey=${key}`;
    return this.#hasTls ? base : `${base};UseDevelopmentEmulator=true`;
  }

  #admit(socket: net.Socket, goOn: () => void): void {
    const cut = () => void socket.destroy();
    this.#faults.run({ at: "connect" }, { commit: () => {}, answer: goOn, refuse: cut, cut });
  }

  #acceptAmqp(socket: net.Socket, first: Uint8Array): void {
    const peer = this.#amqp.accept(socket, () => void socket.destroy());
    socket.on("close", () => peer.ended());
    peer.connection.input(first);
  }
}
