import { BlobServiceClient, type ContainerClient } from "@azure/storage-blob";
import { type QueueClient, QueueServiceClient, type ReceivedMessageItem } from "@azure/storage-queue";
import { openStorageQueue, type OpenStorageQueueOptions } from "../../../src/backends/storage_queue/open.ts";
import type { StorageQueue } from "../../../src/backends/storage_queue/queue.ts";
import type { Lease, LeaseOptions } from "../../../src/core/queue.ts";
import { createLogger, type LogRecord } from "../../../src/log/logger.ts";
import { assertEquals, assertExists } from "../../support/assert.ts";
import { connectionString, newQueueName } from "../../support/azurite.ts";
import { FlakyProxy } from "../../support/flaky_proxy.ts";

const ACCOUNT = "devstoreaccount1";
const LONG_MS = 60_000;

export interface PlaceOptions extends Omit<OpenStorageQueueOptions, "log"> {
  /** Which Azurite the queue is on. Default: the shared one. */
  readonly azurite?: string;
  /** How jobq reaches it: past a proxy, for example. Default: directly. */
  readonly through?: string;
}

/** Azurite behind a proxy that a test can break. */
export async function flakyPlace(
  options: Omit<PlaceOptions, "azurite" | "through"> = {},
): Promise<AsyncDisposable & { readonly place: Place; readonly proxy: FlakyProxy }> {
  const azurite = await connectionString();
  const proxy = await FlakyProxy.start(azurite);
  const place = await Place.make({ ...options, azurite, through: proxy.connectionString });
  return { place, proxy, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

/** A queue of the service, empty and not made yet, and the SDK's own clients, which show what really lies there. */
export class Place {
  readonly name: string;
  readonly queue: StorageQueue;
  readonly messages: QueueClient;
  readonly failed: QueueClient;
  /** Of the payloads, shared by all queues of the Azurite. */
  readonly payloads: ContainerClient;
  readonly #logged: LogRecord[];

  private constructor(name: string, queue: StorageQueue, { azurite, logged }: {
    azurite: string;
    logged: LogRecord[];
  }) {
    const once = { retryOptions: { maxTries: 1 } };
    const service = QueueServiceClient.fromConnectionString(azurite, once);
    this.name = name;
    this.queue = queue;
    this.messages = service.getQueueClient(name);
    this.failed = service.getQueueClient(`${name}-failed`);
    this.payloads = BlobServiceClient.fromConnectionString(azurite, once).getContainerClient("jobq-payloads");
    this.#logged = logged;
  }

  static async make(options: PlaceOptions = {}): Promise<Place> {
    return await Place.#at(newQueueName(), options);
  }

  /** The same queue, opened another way. */
  async opened(options: PlaceOptions): Promise<Place> {
    return await Place.#at(this.name, options);
  }

  static async #at(
    name: string,
    { azurite, through, azure, ...options }: PlaceOptions,
  ): Promise<Place> {
    const own = azurite ?? await connectionString();
    const logged: LogRecord[] = [];
    const queue = await openStorageQueue({ kind: "storage-queue", account: ACCOUNT, queue: name }, {
      env: () => undefined,
      log: createLogger("info", (record) => logged.push(record)),
      azure: { connectionString: through ?? own, ...azure },
      ...options,
    });
    return new Place(name, queue, { azurite: own, logged });
  }

  /** What jobq said, as `level: message`. */
  get logged(): readonly string[] {
    return this.#logged.map(({ level, message }) => `${level}: ${message}`);
  }

  /** Puts a text on the queue as others would. */
  async put(...texts: readonly string[]): Promise<void> {
    await this.messages.createIfNotExists();
    for (const text of texts) await this.messages.sendMessage(text, { messageTimeToLive: -1 });
  }

  /** The next job, which has to be there. */
  async next(options: Partial<LeaseOptions> = {}): Promise<Lease> {
    return assertExists(await this.maybeNext(options), "there is no job");
  }

  async maybeNext(options: Partial<LeaseOptions> = {}): Promise<Lease | undefined> {
    return await this.queue.lease({ leaseMs: LONG_MS, waitMs: 0, ...options });
  }

  /** The texts of the visible messages, up to 32. */
  async texts(): Promise<readonly string[]> {
    return await textsOf(this.messages);
  }

  /** Those among the dead letters. */
  async failedTexts(): Promise<readonly string[]> {
    return await textsOf(this.failed);
  }

  /** The only visible message's text. */
  async onlyText(): Promise<string> {
    const texts = await this.texts();
    assertEquals(texts.length, 1);
    return texts[0] ?? "";
  }

  /** The only dead letter, as an object. */
  async onlyFailed(): Promise<Readonly<Record<string, unknown>>> {
    const texts = await this.failedTexts();
    assertEquals(texts.length, 1);
    return JSON.parse(texts[0] ?? "");
  }

  /** Takes a message as another worker does. */
  async receive(visibilityTimeout = 60): Promise<ReceivedMessageItem> {
    const { receivedMessageItems: [item] } = await this.messages.receiveMessages({ visibilityTimeout });
    return assertExists(item, "there is no message");
  }

  /** How many messages there are, hidden ones too. */
  async count(): Promise<number> {
    return (await this.messages.getProperties()).approximateMessagesCount ?? 0;
  }
}

async function textsOf(client: QueueClient): Promise<readonly string[]> {
  const { peekedMessageItems } = await client.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => messageText);
}
