import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { busClient } from "../../../src/backends/service_bus/bus_client.ts";
import { type BareConnection, bareConnection } from "../../../src/backends/service_bus/sdk_connection.ts";
import { receiveMessages } from "../../../src/backends/service_bus/sdk_internals.ts";
import { assertExists } from "../../support/assert.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import type { QueueView } from "../../support/service_bus_broker/queue_view.ts";
import { accessBy } from "./bus_login.ts";
import { Wire } from "./wire.ts";

/** A broker with the queue "q", behind a wire, and a client of the SDK on it, prepared as for jobq. */
export class PreparedClient implements AsyncDisposable {
  readonly broker: ServiceBusBroker;
  readonly wire: Wire;
  readonly client: ServiceBusClient;
  readonly connection: BareConnection;
  readonly heard: string[] = [];

  private constructor(broker: ServiceBusBroker) {
    this.broker = broker;
    this.wire = Wire.to(broker.connectionString);
    const access = accessBy(this.wire.through(broker.connectionString));
    this.client = busClient(access, { transport: "amqp", timeoutMs: 60_000 });
    this.connection = bareConnection(this.client, {
      onOpen: () => this.heard.push("open"),
      onBreak: () => this.heard.push("break"),
    });
  }

  static async start(...bodies: readonly string[]): Promise<PreparedClient> {
    const prepared = new PreparedClient(await ServiceBusBroker.start({ queues: ["q"] }));
    if (bodies.length > 0) await prepared.send(...bodies);
    return prepared;
  }

  get view(): QueueView {
    return this.broker.queue("q");
  }

  async send(...bodies: readonly string[]): Promise<void> {
    const sender = this.client.createSender("q");
    await sender.sendMessages(bodies.map((body) => ({ body, messageId: crypto.randomUUID() })));
    await sender.close();
  }

  receiver(): ServiceBusReceiver {
    return this.client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
  }

  /** Gives the connection up. */
  break(receivers: readonly ServiceBusReceiver[] = []): void {
    this.connection.shut(new Error("it is over"), receivers);
    this.connection.break();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.break();
    await this.client.close().catch(() => {});
    await this.wire[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
  }
}

/** Takes the next message, which has to come. */
export async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const messages = await receiveMessages(receiver, { max: 1, waitMs: 5_000 });
  return assertExists(messages?.[0], "no message came");
}

/** Lets what has begun come to its first wait. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
