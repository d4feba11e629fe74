/**
 * Signs in to the account `acct` with what its environment gives, through the real identity SDK, and asks for as many
 * tokens as its first argument says; with a second, pushes a message to the queue service there. Prints one line of
 * JSON.
 */
import { queueServiceClient } from "../../../src/backends/azure/queue_client.ts";
import { resolveStorageAccess } from "../../../src/backends/azure/storage_access.ts";
import { JobqError } from "../../../src/core/errors.ts";
import { createLogger } from "../../../src/log/logger.ts";

const lines: string[] = [];
const log = createLogger("debug", ({ level, message }) => lines.push(`${level}: ${message}`));
const [count, endpoint] = Deno.args;
const access = resolveStorageAccess({ account: "acct", endpoint }, {
  env: (name) => Deno.env.get(name),
  log,
});
if (access.login.kind !== "token") throw new Error("no tokens are asked for");
const answer: Record<string, unknown> = { before: access.label, tokens: [], lines };
try {
  const tokens: (string | undefined)[] = [];
  for (let left = Number(count); left > 0; left--) {
    tokens.push((await access.login.credential.getToken("https://storage.azure.com/.default"))?.token);
  }
  answer.tokens = tokens;
  if (endpoint !== undefined) await queueServiceClient(access).getQueueClient("jobs").sendMessage("text");
} catch (error) {
  if (!(error instanceof JobqError)) throw error;
  answer.error = { name: error.name, message: error.message, hint: error.hint };
}
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify({ ...answer, label: access.label })}\n`));
Deno.exit(0);
