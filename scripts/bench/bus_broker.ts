/**
 * The tests' Service Bus broker in a process of its own: `bus_broker.ts OPTIONS`, which are JSON of `BrokerOptions`. It
 * prints its address and its connection string. Then each line of its standard input is a command, which it answers
 * with a line: `queue NAME` makes a queue as jobq does, `cut` breaks all connections. It ends with its input.
 */
import { ServiceBusBroker } from "../../tests/support/service_bus_broker/broker.ts";
import { TextLineStream } from "../../tests/support/text_line_stream.ts";

/** As jobq makes queues. */
const USUAL = { lockDurationMs: 300_000, duplicateDetectionMs: 7 * 86_400_000, maxDeliveryCount: 1_000 };

async function main([options = "{}"]: readonly string[]): Promise<void> {
  await using broker = await ServiceBusBroker.start(JSON.parse(options));
  await print(JSON.stringify({ host: broker.host, connectionString: broker.connectionString }));
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    const [command, name = ""] = line.split(" ");
    if (command === "queue") broker.createQueue(name, USUAL);
    else broker.cutConnections();
    await print("done");
  }
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}

if (import.meta.main) await main(Deno.args);
