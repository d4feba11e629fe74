/**
 * What a script does with nothing but the SDK: `bare_bus.ts push|size|wait QUEUE`. `$CONNECTION_STRING` leads to the
 * namespace, an emulator's.
 */
import { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";

async function main([action, queue = ""]: readonly string[]): Promise<void> {
  const connectionString = Deno.env.get("CONNECTION_STRING") ?? "";
  if (action === "size") {
    const admin = new ServiceBusAdministrationClient(connectionString);
    admin.pipeline.addPolicy({
      name: "plainHttp",
      sendRequest(request, next) {
        request.allowInsecureConnection = true;
        request.url = request.url.replace(/^https:/, "http:");
        return next(request);
      },
    }, { afterPhase: "Sign" });
    const { activeMessageCount } = await admin.getQueueRuntimeProperties(queue);
    await Deno.stdout.write(new TextEncoder().encode(`${activeMessageCount}\n`));
    return;
  }
  const client = new ServiceBusClient(connectionString);
  try {
    if (action === "push") {
      const messageId = crypto.randomUUID();
      await client.createSender(queue).sendMessages({ messageId, body: { cmd: "true" } });
    } else await client.createReceiver(queue).receiveMessages(1, { maxWaitTimeInMs: 600_000 });
  } finally {
    await client.close();
  }
}

if (import.meta.main) await main(Deno.args);
