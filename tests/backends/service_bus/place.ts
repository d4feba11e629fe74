import type {
  DeadLetterOptions,
  ServiceBusClient,
  ServiceBusMessage,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from "@azure/service-bus";
import { type OpenServiceBusOptions, openServiceBusQueue } from "../../../src/backends/service_bus/open.ts";
import type { ServiceBusQueue } from "../../../src/backends/service_bus/queue.ts";
import type { Lease, LeaseOptions } from "../../../src/core/queue.ts";
import { createLogger, type LogRecord } from "../../../src/log/logger.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { type BrokerOptions, ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { receiveOne, withClient } from "../../support/service_bus_broker/testing.ts";
import type { QueueOptions } from "../../support/service_bus_broker/queue_options.ts";
import type { QueueView } from "../../support/service_bus_broker/queue_view.ts";
import type { SeenMessage } from "../../support/service_bus_broker/stored_message.ts";

const LONG_MS = 60_000;
/** The broker has an answer at once. */
const EMPTY_WAIT_MS = 30;

export interface HandleOptions extends Omit<OpenServiceBusOptions, "log"> {
  /** The way to the namespace. Default: the key that may do all. */
  readonly connectionString?: string;
}

export interface PlaceOptions extends HandleOptions {
  /** How the queue was made, by others; null: there is none. Default: as jobq makes them, but without remembering ids. */
  readonly made?: QueueOptions | null;
  readonly broker?: BrokerOptions;
  /** The queue's name. Default "q". */
  readonly name?: string;
}

/** A queue of a broker of its own, a handle on it, and what really lies there. */
export class Place implements AsyncDisposable {
  readonly broker: ServiceBusBroker;
  readonly name: string;
  readonly queue: ServiceBusQueue;
  readonly #logged: LogRecord[] = [];
  readonly #handles = new AsyncDisposableStack();

  private constructor(broker: ServiceBusBroker, name: string, options: HandleOptions) {
    this.broker = broker;
    this.name = name;
    this.#handles.use(broker);
    this.queue = this.open(options);
  }

  static async make(
    { made = {}, broker: brokerOptions, name = "q", ...options }: PlaceOptions = {},
  ): Promise<Place> {
    const broker = await ServiceBusBroker.start(brokerOptions);
    const usual = { lockDurationMs: LONG_MS, maxDeliveryCount: 1_000 };
    if (made !== null) broker.createQueue(name, { ...usual, ...made });
    return new Place(broker, name, options);
  }

  /** Another handle on the same queue, closed with the place. */
  open(options: HandleOptions = {}): ServiceBusQueue {
    return this.#handles.use(this.opened(options));
  }

  /** As `open()`, for a test that closes it. */
  opened({ connectionString = this.broker.connectionString, azure, ...options }: HandleOptions = {}) {
    return openServiceBusQueue({ kind: "service-bus", namespace: "localhost", queue: this.name }, {
      env: () => undefined,
      log: createLogger("info", (record) => this.#logged.push(record)),
      azure: { connectionString, ...azure },
      emptyWaitMs: EMPTY_WAIT_MS,
      ...options,
    });
  }

  /** A look inside the queue. */
  get view(): QueueView {
    return this.broker.queue(this.name);
  }

  /** What jobq said, as `level: message`, but for the sign-in. */
  get logged(): readonly string[] {
    return this.#logged.filter(({ message }) => !message.startsWith("signed in to "))
      .map(({ level, message }) => `${level}: ${message}`);
  }

  /** Puts texts on the queue as others would, with ids of their own. */
  async put(...texts: readonly string[]): Promise<void> {
    const encoder = new TextEncoder();
    await this.send(...texts.map((text) => ({ body: encoder.encode(text) })));
  }

  /** Puts messages on the queue as they are. */
  async send(...messages: readonly ServiceBusMessage[]): Promise<void> {
    await this.withClient(async (client) => {
      const sender = client.createSender(this.name);
      for (const message of messages) await sender.sendMessages(message);
    });
  }

  /** Does something with a client of the SDK. */
  async withClient<T>(use: (client: ServiceBusClient) => Promise<T>): Promise<T> {
    return await withClient(this.broker.connectionString, use);
  }

  /** Takes the next message as another tool does. */
  async withReceiver(
    use: (receiver: ServiceBusReceiver, message: ServiceBusReceivedMessage) => Promise<void>,
  ): Promise<void> {
    await this.withClient(async (client) => {
      const receiver = client.createReceiver(this.name, { maxAutoLockRenewalDurationInMs: 0 });
      await use(receiver, await receiveOne(receiver));
    });
  }

  /** Moves the next message to the dead letters as another tool does. */
  async giveUp(options: DeadLetterOptions & Record<string, string | number>): Promise<void> {
    await this.withReceiver((receiver, message) => receiver.deadLetterMessage(message, options));
  }

  /** The next job, which has to be there. */
  async next(options: Partial<LeaseOptions> = {}): Promise<Lease> {
    return assertExists(await this.maybeNext({ waitMs: 5_000, ...options }), "there is no job");
  }

  async maybeNext(options: Partial<LeaseOptions> = {}): Promise<Lease | undefined> {
    return await this.queue.lease({ leaseMs: LONG_MS, waitMs: 0, ...options });
  }

  /** The bodies of all messages but the dead letters, in order. */
  get texts(): readonly string[] {
    return this.view.all.map(({ body }) => body);
  }

  /** The state and the command of each job but the dead letters: `active echo 1`. */
  get commands(): readonly string[] {
    return this.view.all.map(lineOf);
  }

  /** As `commands`, of the dead letters. */
  get deadCommands(): readonly string[] {
    return this.view.dead.map(lineOf);
  }

  /** The only dead letter. */
  get onlyDead(): SeenMessage {
    const { dead } = this.view;
    assertEquals(dead.length, 1);
    return assertExists(dead[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handles.disposeAsync();
  }
}

function lineOf({ state, body }: SeenMessage): string {
  return `${state.kind} ${JSON.parse(JSON.parse(body).kwargs).cmd}`;
}
