import { parseAddress } from "../../../src/backends/address.ts";
import type { OpenQueueOptions } from "../../../src/backends/registry.ts";
import type { Channel } from "../../../src/backends/ssh/channel.ts";
import { sshConnector } from "../../../src/backends/ssh/ssh_connector.ts";
import { assert } from "../../support/assert.ts";

/** A channel to the program that is started for an address, as queues make it; ends with the scope. */
export async function connect(
  address: string,
  env: Readonly<Record<string, string>>,
  options: OpenQueueOptions = {},
): Promise<Channel & AsyncDisposable> {
  const parsed = parseAddress(address, () => undefined);
  assert(parsed.kind === "ssh");
  const channel = await (await sshConnector(parsed, { ...options, env: (name) => env[name] }))();
  return Object.assign(channel, { [Symbol.asyncDispose]: () => channel.close() });
}

/** All that comes until the end. */
export function textOf({ readable }: Channel): Promise<string> {
  return new Response(readable as ReadableStream<Uint8Array<ArrayBuffer>>).text();
}
