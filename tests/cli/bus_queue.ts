import { type CommandResult, type FakeIoOptions, runMain } from "../support/fake_io.ts";
import { jobq, type JobqOptions, type ProcessResult } from "../support/jobq.ts";
import { type BrokerOptions, ServiceBusBroker } from "../support/service_bus_broker/broker.ts";
import type { QueueOptions } from "../support/service_bus_broker/queue_options.ts";
import type { QueueView } from "../support/service_bus_broker/queue_view.ts";
import type { SeenMessage } from "../support/service_bus_broker/stored_message.ts";
import { receiveOne, withClient } from "../support/service_bus_broker/testing.ts";
import { commandOf } from "./cloud_queue.ts";

/** How jobq makes queues. */
const USUAL = { lockDurationMs: 300_000, duplicateDetectionMs: 7 * 86_400_000, maxDeliveryCount: 1000 };

/** A Service Bus queue on a broker of its own, command lines on it, and what lies on it. */
export class BusQueue implements AsyncDisposable {
  readonly broker: ServiceBusBroker;
  readonly address: string;
  /** As a user has it: the way to the namespace. */
  readonly env: Readonly<Record<string, string>>;
  readonly #name: string;

  private constructor(broker: ServiceBusBroker, name: string) {
    this.broker = broker;
    this.address = `sb://${broker.host}/${name}`;
    this.env = { JOBQ_CONNECTION_STRING: broker.connectionString };
    this.#name = name;
  }

  /** The place of a queue that is not there yet. */
  static async place(name = "q", options: BrokerOptions = {}): Promise<BusQueue> {
    return new BusQueue(await ServiceBusBroker.start(options), name);
  }

  /** A queue that others made, as jobq would have but for these settings. */
  static async made(options: QueueOptions = {}): Promise<BusQueue> {
    const queue = await BusQueue.place();
    queue.broker.createQueue("q", { ...USUAL, ...options });
    return queue;
  }

  /** A queue on which each command is a job, pushed in this order. */
  static async with(...commands: readonly string[]): Promise<BusQueue> {
    const queue = await BusQueue.made();
    if (commands.length === 0) return queue;
    await queue.jobq(["push", "--num-workers", "1", ...commands.flatMap((command) => ["-c", command])]);
    return queue;
  }

  /** Runs `jobq sb://NAMESPACE/QUEUE WORDS` in this process; the log line about the sign-in is left out of the result. */
  async jobq(words: readonly string[], { env, ...options }: FakeIoOptions = {}): Promise<CommandResult> {
    const result = await runMain([this.address, ...words], { ...options, env: { ...this.env, ...env } });
    return { ...result, stderr: result.stderr.replace(/^.* signed in to .*\n/m, "") };
  }

  /** Runs `jobq sb://NAMESPACE/QUEUE WORDS` in a process of its own; its log is left out of the result, but for warnings. */
  process(words: readonly string[], { env, ...options }: JobqOptions = {}): Promise<ProcessResult> {
    return jobq(["--quiet", this.address, ...words], { ...options, env: { ...this.env, ...env } });
  }

  /** Puts a message on it as it is. */
  async send(text: string, { messageId = crypto.randomUUID() }: { messageId?: string } = {}): Promise<void> {
    await withClient(
      this.broker.connectionString,
      // The SDK would send a text with quotes around it.
      (client) =>
        client.createSender(this.#name).sendMessages({ body: new TextEncoder().encode(text), messageId }),
    );
  }

  /** Takes a message, which stays locked for as long as the queue says. */
  async take(): Promise<void> {
    await withClient(this.broker.connectionString, async (client) => {
      const receiver = client.createReceiver(this.#name, { maxAutoLockRenewalDurationInMs: 0 });
      await receiveOne(receiver);
    });
  }

  /** Moves the next message to the dead letters, as another tool does. */
  async giveUp(reason: string): Promise<void> {
    await withClient(this.broker.connectionString, async (client) => {
      const receiver = client.createReceiver(this.#name, { maxAutoLockRenewalDurationInMs: 0 });
      await receiver.deadLetterMessage(await receiveOne(receiver), {
        deadLetterReason: reason,
        deadLetterErrorDescription: "",
      });
    });
  }

  /** A look inside. */
  get view(): QueueView {
    return this.broker.queue(this.#name);
  }

  get dead(): readonly SeenMessage[] {
    return this.view.dead;
  }

  /** The commands of all its messages but the dead letters, in order. */
  get commands(): readonly string[] {
    return this.view.all.map(({ body }) => commandOf(body));
  }

  /** Whether anybody made it. */
  get exists(): boolean {
    try {
      return this.view.name === this.#name;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
  }
}
