/**
 * Pushes a job to the queue "q" for each line of its input, by the transport of its second argument or, where that is
 * "any", by whichever goes; prints for each what came of it and what was logged so far, as JSON:
 * `transport_user.ts CONNECTION_STRING TRANSPORT`.
 */
import { openServiceBusQueue } from "../../../src/backends/service_bus/open.ts";
import { JobqError } from "../../../src/core/errors.ts";
import { createLogger } from "../../../src/log/logger.ts";
import { print } from "../../support/script.ts";
import { TextLineStream } from "../../support/text_line_stream.ts";

const [connectionString, asked] = Deno.args;
const transport = asked === "amqp" || asked === "ws" ? asked : undefined;
const logged: string[] = [];
const queue = openServiceBusQueue({ kind: "service-bus", namespace: "localhost", queue: "q" }, {
  env: () => undefined,
  azure: { connectionString, transport },
  patienceMs: 4_000,
  log: createLogger("info", ({ level, message }) => logged.push(`${level}: ${message}`)),
});
const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
for await (const command of lines) {
  const came = await queue.enqueue([{ task: { kind: "shell", command } }]).then(() => "pushed", (error) => {
    if (error instanceof JobqError) return `${error.message}; ${error.hint}`;
    throw error;
  });
  await print(JSON.stringify({ came, logged: logged.filter((line) => !line.includes("signed in to")) }));
}
await queue[Symbol.asyncDispose]();
