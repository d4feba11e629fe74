import { type Agent, get } from "node:http";
import { lookedUp } from "../../../src/backends/azure/name_lookups.ts";
import { queueServiceClient } from "../../../src/backends/azure/queue_client.ts";
import { sendOnce } from "../../../src/backends/azure/single_send.ts";
import { resolveStorageAccess } from "../../../src/backends/azure/storage_access.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { connectionString, newQueueName } from "../../support/azurite.ts";
import { FlakyProxy } from "../../support/flaky_proxy.ts";
import { test } from "../../support/testing.ts";

test("a request whose answer is lost on a used connection goes out once", async () => {
  await using proxy = await FlakyProxy.start(await connectionString());
  const access = resolveStorageAccess(
    { account: "devstoreaccount1", connectionString: proxy.connectionString },
    { env: () => undefined, log: silentLogger },
  );
  const queue = queueServiceClient(access).getQueueClient(newQueueName());
  await queue.create();
  await queue.sendMessage("heard");
  proxy.fault({ kind: "cut" }, { when: "after" });
  await assertRejects(queue.sendMessage("not heard"), Error);
  assertEquals((await queue.getProperties()).approximateMessagesCount, 2);
  assertEquals(proxy.requests.filter(({ method }) => method === "POST").length, 2);
});

test("the lookup that a request begins with can be waited for", async () => {
  const request: { url: string; agent?: unknown } = { url: "http://localhost:1/" };
  sendOnce(request);
  const seen: string[] = [];
  const going = get(request.url, { agent: request.agent as Agent });
  const [ended, begun] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  going.once("error", () => ended.resolve());
  going.once("socket", (socket) => {
    socket.once("lookup", () => seen.push("found"));
    begun.resolve();
  });
  await begun.promise;
  await lookedUp();
  seen.push("looked up");
  assertEquals(seen, ["found", "looked up"]);
  await ended.promise;
});
