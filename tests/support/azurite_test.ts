import { BlobServiceClient } from "@azure/storage-blob";
import { QueueServiceClient } from "@azure/storage-queue";
import { assert, assertEquals, assertRejects } from "./assert.ts";
import { connectionString, newQueueName } from "./azurite.ts";
import { OwnAzurite } from "./azurite/own_azurite.ts";
import { AzuriteProcess } from "./azurite/process.ts";
import { Child } from "./child.ts";
import { test } from "./testing.ts";
import { waitUntil } from "./wait_until.ts";

async function queueAt(address: string, name = newQueueName()) {
  const queue = QueueServiceClient.fromConnectionString(address, { retryOptions: { maxTries: 1 } })
    .getQueueClient(name);
  await queue.createIfNotExists();
  return queue;
}

async function textsAt(address: string, name: string): Promise<string[]> {
  const { peekedMessageItems } = await (await queueAt(address, name)).peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => messageText);
}

test("the shared Azurite has a queue service", async () => {
  const queue = await queueAt(await connectionString());
  await queue.sendMessage("hello");
  const { receivedMessageItems: [message] } = await queue.receiveMessages();
  assertEquals(message?.messageText, "hello");
});

test("the shared Azurite has a blob service", async () => {
  const container = BlobServiceClient.fromConnectionString(await connectionString())
    .getContainerClient(newQueueName());
  await container.create();
  const blob = container.getBlockBlobClient("payload");
  await blob.upload("hello", 5);
  assertEquals(new TextDecoder().decode(await blob.downloadToBuffer()), "hello");
});

test("an OwnAzurite comes back at its ports with all that it had answered", async () => {
  await using azurite = await OwnAzurite.make();
  const name = newQueueName();
  const queue = await queueAt(azurite.connectionString, name);
  await queue.sendMessage("one");
  await queue.sendMessage("two");
  await azurite.stop();
  await azurite.start();
  assertEquals(await textsAt(azurite.connectionString, name), ["one", "two"]);
});

test("an OwnAzurite keeps the lease of a message over a restart", async () => {
  await using azurite = await OwnAzurite.make();
  const queue = await queueAt(azurite.connectionString);
  await queue.sendMessage("one");
  const { receivedMessageItems: [message] } = await queue.receiveMessages({ visibilityTimeout: 60 });
  await azurite.stop();
  await azurite.start();
  assertEquals((await queue.receiveMessages()).receivedMessageItems, []);
  await queue.deleteMessage(message?.messageId ?? "", message?.popReceipt ?? "");
});

test("an OwnAzurite that is stopped while it is busy keeps every message that it acknowledged", async () => {
  await using azurite = await OwnAzurite.make();
  const name = newQueueName();
  const queue = await queueAt(azurite.connectionString, name);
  const acknowledged: string[] = [];
  const senders = Array.from({ length: 4 }, async (_, sender) => {
    for (let count = 0;; count++) {
      try {
        await queue.sendMessage(`${sender}-${count}`);
      } catch {
        return;
      }
      acknowledged.push(`${sender}-${count}`);
    }
  });
  await waitUntil(() => acknowledged.length > 40);
  await azurite.stop();
  await Promise.all(senders);
  await azurite.start();
  const kept = new Set<string>();
  for (;;) {
    const { receivedMessageItems } = await queue.receiveMessages({ numberOfMessages: 32 });
    if (receivedMessageItems.length === 0) break;
    for (const { messageText } of receivedMessageItems) kept.add(messageText);
  }
  assertEquals(acknowledged.filter((text) => !kept.has(text)), []);
});

test("an OwnAzurite that stops cuts a request in its midst", async () => {
  await using azurite = await OwnAzurite.make();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: azurite.ports.queue });
  // With its head complete it could be answered before.
  await connection.write(new TextEncoder().encode("PUT / HTTP/1.1\r\nHost: x\r\nContent-Le"));
  await azurite.stop();
  assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
});

test("an OwnAzurite refuses connections while it is stopped, and leaves no process", async () => {
  await using azurite = await OwnAzurite.make();
  const { pid = 0 } = azurite;
  const queue = await queueAt(azurite.connectionString);
  await azurite.stop();
  await assertRejects(queue.getProperties(), Error);
  assertEquals(azurite.pid, undefined);
  assert(!isAlive(pid));
});

test("Azurite ends with the process that started it, even when that one is killed", async () => {
  await using starter = new Child("azurite/starter.ts", []);
  const pid = Number(await starter.line());
  assert(isAlive(pid));
  await starter.kill();
  await waitUntil(() => !isAlive(pid), { what: "Azurite's end" });
});

test("Azurite fails by name when another process has its port", async () => {
  await using azurite = await AzuriteProcess.start();
  await assertRejects(AzuriteProcess.start({ ports: azurite.ports }), Deno.errors.AddrInUse);
});

function isAlive(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
