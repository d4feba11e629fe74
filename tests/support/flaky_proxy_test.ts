import { BlobServiceClient } from "@azure/storage-blob";
import { type QueueClient, QueueServiceClient, RestError } from "@azure/storage-queue";
import { assert, assertBetween, assertEquals, assertRejects } from "./assert.ts";
import { connectionString, newQueueName } from "./azurite.ts";
import { FlakyProxy } from "./flaky_proxy.ts";
import { test } from "./testing.ts";
import { waitUntil } from "./wait_until.ts";

/** A new queue, seen directly and through a proxy. */
async function proxied({ maxTries = 1 } = {}): Promise<[FlakyProxy, QueueClient, QueueClient]> {
  const name = newQueueName();
  const direct = QueueServiceClient.fromConnectionString(await connectionString()).getQueueClient(name);
  await direct.create();
  const proxy = await FlakyProxy.start(await connectionString());
  const queue = QueueServiceClient.fromConnectionString(proxy.connectionString, {
    retryOptions: { maxTries, retryDelayInMs: 1 },
  }).getQueueClient(name);
  return [proxy, queue, direct];
}

async function texts(queue: QueueClient): Promise<string[]> {
  const { peekedMessageItems } = await queue.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => messageText);
}

test("a FlakyProxy passes signed requests and their answers on", async () => {
  const [proxy, queue] = await proxied();
  await using _ = proxy;
  await queue.sendMessage("älter <&>");
  const { receivedMessageItems: [message] } = await queue.receiveMessages();
  assertEquals(message?.messageText, "älter <&>");
  await queue.deleteMessage(message?.messageId ?? "", message?.popReceipt ?? "");
  assertEquals((await queue.getProperties()).approximateMessagesCount, 0);
});

test("a FlakyProxy passes blobs on", async () => {
  await using proxy = await FlakyProxy.start(await connectionString());
  const container = BlobServiceClient.fromConnectionString(proxy.connectionString)
    .getContainerClient(newQueueName());
  await container.create();
  const blob = container.getBlockBlobClient("payload");
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  await blob.upload(bytes, bytes.length);
  assertEquals(new Uint8Array(await blob.downloadToBuffer()), bytes);
  assertEquals((await blob.getProperties()).contentLength, 60_000);
  assertEquals(await blob.deleteIfExists().then(({ succeeded }) => succeeded), true);
  assertEquals(new Set(proxy.requests.map(({ service }) => service)), new Set(["blob"]));
});

test("a FlakyProxy tells what came, what it was told, and what befell it", async () => {
  const [proxy, queue] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "cut" }, { method: "GET" });
  await assertRejects(queue.receiveMessages({ visibilityTimeout: 7 }), Error);
  await queue.sendMessage("one");
  await assertRejects(queue.deleteMessage("id", "receipt"), RestError);
  assertEquals(
    proxy.requests.map(({ service, method, path, fault, status }) => ({
      service,
      method,
      path: path.replace(queue.name, "Q").replace(/[?&]timeout=30/, ""),
      fault,
      status,
    })),
    [
      {
        service: "queue",
        method: "GET",
        path: "/Q/messages?visibilitytimeout=7",
        fault: "cut",
        status: undefined,
      },
      { service: "queue", method: "POST", path: "/Q/messages", fault: undefined, status: 201 },
      {
        service: "queue",
        method: "DELETE",
        path: "/Q/messages/id?popreceipt=receipt",
        fault: undefined,
        status: 404,
      },
    ],
  );
});

test("an answer before the service has heard of it is Azure's error to the client", async () => {
  const [proxy, queue, direct] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "answer", status: 503, code: "ServerBusy", headers: { "retry-after": "1" } });
  const error = await assertRejects(queue.sendMessage("one"), RestError);
  assertEquals([error.statusCode, error.code], [503, "ServerBusy"]);
  assertEquals(error.response?.headers.get("retry-after"), "1");
  assertEquals(await texts(direct), []);
});

test("an answer after the service has done it hides that it has", async () => {
  const [proxy, queue, direct] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "answer", status: 500, code: "OperationTimedOut" }, { when: "after" });
  await assertRejects(queue.sendMessage("one"), RestError);
  assertEquals(await texts(direct), ["one"]);
});

test("a cut before the service has heard of it leaves no trace there", async () => {
  const [proxy, queue, direct] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "cut" });
  await assertRejects(queue.sendMessage("one"), Error);
  assertEquals(await texts(direct), []);
});

test("a cut after the service has done it makes a client that retries do it twice", async () => {
  const [proxy, queue, direct] = await proxied({ maxTries: 2 });
  await using _ = proxy;
  proxy.fault({ kind: "cut" }, { when: "after" });
  await queue.sendMessage("one");
  assertEquals(await texts(direct), ["one", "one"]);
});

test("a delay holds a request up", async () => {
  const [proxy, queue] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "delay", ms: 300 });
  const startedAt = performance.now();
  await queue.sendMessage("one");
  assertBetween(performance.now() - startedAt, 299, 5_000);
});

test("a client that gives up while its request is delayed is told nothing, but the service does it", async () => {
  const [proxy, queue, direct] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "delay", ms: 200 });
  const controller = new AbortController();
  const sent = assertRejects(queue.sendMessage("one", { abortSignal: controller.signal }), Error);
  await waitUntil(() => proxy.requests.length > 0);
  controller.abort();
  await sent;
  await waitUntil(async () => (await texts(direct)).length > 0);
  assertEquals(proxy.requests.map(({ status }) => status), [undefined]);
});

test("a delay ends with its FlakyProxy", async () => {
  const [proxy, queue] = await proxied();
  proxy.fault({ kind: "delay", ms: 3_600_000 });
  const sent = assertRejects(queue.sendMessage("one"), Error);
  await proxy[Symbol.asyncDispose]();
  await sent;
});

test("a fault befalls as many requests as it is told, of those that match, after those that it skips", async () => {
  const [proxy, queue] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "answer", status: 500 }, { method: "POST", path: /\/messages\?/, skip: 1, times: 2 });
  const told: string[] = [];
  for (let count = 0; count < 5; count++) {
    await queue.peekMessages();
    told.push(await queue.sendMessage("one").then(() => "sent", () => "refused"));
  }
  assertEquals(told, ["sent", "refused", "refused", "sent", "sent"]);
});

test("heal() forgets the faults", async () => {
  const [proxy, queue] = await proxied();
  await using _ = proxy;
  proxy.fault({ kind: "cut" }, { times: Infinity });
  await assertRejects(queue.sendMessage("one"), Error);
  proxy.heal();
  await queue.sendMessage("two");
});

test("a FlakyProxy that is down refuses, and comes back at its ports", async () => {
  const [proxy, queue, direct] = await proxied();
  await using _ = proxy;
  const address = proxy.connectionString;
  await queue.sendMessage("one");
  await proxy.down();
  await assertRejects(queue.sendMessage("two"), Error);
  await proxy.up();
  await queue.sendMessage("three");
  assertEquals(await texts(direct), ["one", "three"]);
  assert(proxy.connectionString === address);
});
