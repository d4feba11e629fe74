import { queueServiceClient } from "../../../src/backends/azure/queue_client.ts";
import { resolveStorageAccess } from "../../../src/backends/azure/storage_access.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { SECRETS } from "./no_secret.ts";

/** Pushes a message to a queue of the account `acct` at the URL, through the real SDK, with a SAS or a key. */
export async function push(
  url: string,
  { signal, login = "sas" }: { signal?: AbortSignal; login?: "sas" | "key" } = {},
): Promise<void> {
  const variables: Record<string, string> = login === "key"
    ? { AZURE_STORAGE_KEY: SECRETS.key }
    : { AZURE_STORAGE_SAS_TOKEN: `sv=1&sig=${SECRETS.signature}` };
  const access = resolveStorageAccess({ account: "acct", endpoint: `${url}/acct` }, {
    env: (name) => variables[name],
    log: silentLogger,
  });
  await queueServiceClient(access).getQueueClient("jobs").sendMessage("text", { abortSignal: signal });
}

/** What a push to the URL fails with. */
export async function failureOfPush(url: string, options: { signal?: AbortSignal } = {}): Promise<unknown> {
  try {
    await push(url, options);
  } catch (error) {
    return error;
  }
  throw new Error("the push succeeded");
}
