/*
 * What the backend relies on and Microsoft's pages do not say, or say in passing. Our broker is made so; with
 * $SERVICEBUS_CONNECTION_STRING the same is asked of a namespace.
 */
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import Long from "long";
import { messageOfToken, receiveMessages } from "../../../src/backends/service_bus/sdk_internals.ts";
import { assert, assertEquals, assertExists } from "../assert.ts";
import { NAMESPACE, newNamespaceQueue } from "../service_bus_namespace.ts";
import { test } from "../testing.ts";
import { ServiceBusBroker } from "./broker.ts";
import { newClient, refusalOf } from "./testing.ts";

interface Place extends AsyncDisposable {
  readonly connectionString: string;
  readonly queue: string;
  /** The shortest lock, in ms. */
  readonly lockMs: number;
}

registerAssumptions("our broker", async () => {
  const broker = await ServiceBusBroker.start({
    queues: { q: { lockDurationMs: 1_000, duplicateDetectionMs: 60_000, maxDeliveryCount: 1_000 } },
  });
  return {
    connectionString: broker.connectionString,
    queue: "q",
    lockMs: 1_000,
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
});

const namespace = NAMESPACE;
if (namespace !== undefined) {
  registerAssumptions("a namespace", async () => {
    const made = await newNamespaceQueue(namespace, { duplicateDetection: true });
    await made.setLockMs(5_000);
    return { ...made, lockMs: 5_000, [Symbol.asyncDispose]: () => made.remove() };
  });
}

function registerAssumptions(where: string, makePlace: () => Promise<Place>): void {
  const assumption = (name: string, fn: (at: Visit) => Promise<void>) =>
    test(`${where}: ${name}`, async () => {
      await using place = await makePlace();
      await using visit = new Visit(place);
      await fn(visit);
    });

  assumption(
    "properties that a receiver gives with an abandoned message are its next receiver's",
    async (at) => {
      await at.send("1");
      await at.receiver.abandonMessage(await at.next(), { "jobq-deliveries": 1, "jobq-lost": 0 });
      const { applicationProperties, deliveryCount } = await at.next();
      assertEquals(applicationProperties, { "jobq-deliveries": 1, "jobq-lost": 0 });
      assertEquals(deliveryCount, 1);
    },
  );

  assumption("and so when they are given by the token of the lock", async (at) => {
    await at.send("1");
    const { lockToken = "" } = await at.next();
    await at.settler.abandonMessage(messageOfToken(lockToken), { "jobq-lost": 2 });
    assertEquals((await at.next()).applicationProperties, { "jobq-lost": 2 });
  });

  assumption("a message is settled by the token of its lock when its link is closed", async (at) => {
    await at.send("1");
    const { lockToken = "" } = await at.next();
    await at.receiver.close();
    await at.settler.completeMessage(messageOfToken(lockToken));
    assertEquals(await at.peekIds(), []);
  });

  assumption("a lock outlives the connection by which its message came", async (at) => {
    await at.send("1");
    const { lockToken = "" } = await at.next();
    await at.client.close();
    await using other = new Visit(at.place);
    await other.settler.renewMessageLock(messageOfToken(lockToken));
    await other.settler.completeMessage(messageOfToken(lockToken));
    assertEquals(await other.peekIds(), []);
  });

  assumption("a lock that ended cannot be used, and the delivery is counted", async (at) => {
    await at.send("1");
    const late = await at.next();
    const again = await at.next({ waitMs: at.place.lockMs + 5_000 });
    assertEquals(again.deliveryCount, 1);
    assertEquals(await refusalOf(at.receiver.completeMessage(late)), "MessageLockLost");
    await at.receiver.completeMessage(again);
  });

  assumption("a receive that is ended early knows of every message that was handed out", async (at) => {
    for (let i = 0; i < 20; i++) {
      const stop = new AbortController();
      const received = receiveMessages(at.receiver, { max: 1, waitMs: 10_000, signal: stop.signal });
      await at.send(`${i}`);
      stop.abort();
      const [message] = await received ?? [];
      await at.receiver.completeMessage(message ?? await at.next());
    }
    assertEquals(await at.peekIds(), []);
  });

  assumption("a receive of several brings what is there, without waiting for more", async (at) => {
    await at.send("1", "2", "3");
    const startedAt = Date.now();
    let count = 0;
    while (count < 3) count += (await receiveMessages(at.receiver, { max: 10, waitMs: 5_000 }))?.length ?? 0;
    assert(Date.now() - startedAt < 5_000);
  });

  assumption("a scheduled message with an id that was there before is dropped as a duplicate", async (at) => {
    await at.send("1");
    const message = { body: new Uint8Array([1]), messageId: "1" };
    await at.sender.scheduleMessages(message, new Date(Date.now() + 3_600_000));
    assertEquals(await at.peekIds(), ["1"]);
  });

  assumption("of two scheduled messages with one id, one is dropped", async (at) => {
    const message = { body: new Uint8Array([1]), messageId: "1" };
    const time = new Date(Date.now() + 3_600_000);
    await at.sender.scheduleMessages(message, time);
    await at.sender.scheduleMessages(message, time);
    assertEquals(await at.peekIds(), ["1"]);
  });

  assumption("a scheduled message is shown as such, and can be cancelled by its number", async (at) => {
    const message = { body: new Uint8Array([1]), messageId: "1" };
    const [number] = await at.sender.scheduleMessages(message, new Date(Date.now() + 3_600_000));
    const [shown] = await at.settler.peekMessages(10, { fromSequenceNumber: Long.ZERO });
    assertEquals(shown?.state, "scheduled");
    await at.sender.cancelScheduledMessages(assertExists(number));
    assertEquals(await at.peekIds(), []);
  });

  assumption(
    "a message keeps its number among the dead letters, and is given back there uncounted",
    async (at) => {
      await at.send("1");
      const message = await at.next();
      await at.receiver.deadLetterMessage(message, {
        deadLetterReason: "why",
        deadLetterErrorDescription: "what",
        "jobq-exit-code": 3,
      });
      const dead = at.client.createReceiver(at.place.queue, { ...OPTIONS, subQueueType: "deadLetter" });
      const first = await nextOf(dead);
      assertEquals(first.sequenceNumber?.toString(), message.sequenceNumber?.toString());
      assertEquals([first.deadLetterReason, first.deadLetterErrorDescription], ["why", "what"]);
      assertEquals(first.applicationProperties?.["jobq-exit-code"], 3);
      await dead.abandonMessage(first);
      assertEquals((await nextOf(dead)).deliveryCount, first.deliveryCount);
    },
  );

  assumption("a peek tells which messages are locked", async (at) => {
    await at.send("1", "2");
    await at.next();
    const shown = await at.settler.peekMessages(10, { fromSequenceNumber: Long.ZERO });
    const isLocked = ({ lockedUntilUtc }: ServiceBusReceivedMessage) =>
      (lockedUntilUtc?.getTime() ?? 0) > Date.now();
    assertEquals(shown.map(isLocked), [true, false]);
  });
}

const OPTIONS = { maxAutoLockRenewalDurationInMs: 0, skipParsingBodyAsJson: true } as const;

/** A client of a place, with a link of each kind. */
class Visit implements AsyncDisposable {
  readonly place: Place;
  readonly client;
  readonly sender;
  readonly receiver: ServiceBusReceiver;
  readonly settler: ServiceBusReceiver;

  constructor(place: Place) {
    this.place = place;
    this.client = newClient(place.connectionString, { timeoutMs: 10_000 });
    this.sender = this.client.createSender(place.queue);
    this.receiver = this.client.createReceiver(place.queue, OPTIONS);
    this.settler = this.client.createReceiver(place.queue, OPTIONS);
  }

  /** Sends messages with these ids. */
  async send(...ids: readonly string[]): Promise<void> {
    await this.sender.sendMessages(ids.map((messageId) => ({ body: new Uint8Array([1]), messageId })));
  }

  /** The next message, which must come. */
  async next(options?: { waitMs: number }): Promise<ServiceBusReceivedMessage> {
    return await nextOf(this.receiver, options);
  }

  /** The ids of all messages that are on the queue. */
  async peekIds(): Promise<readonly string[]> {
    const messages = await this.settler.peekMessages(100, { fromSequenceNumber: Long.ZERO });
    return messages.map(({ messageId }) => String(messageId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

async function nextOf(
  receiver: ServiceBusReceiver,
  { waitMs = 10_000 } = {},
): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiveMessages(receiver, { max: 1, waitMs }) ?? [];
  return assertExists(message, "no message came");
}
