import { mountTable } from "../backends/kernel_files.ts";
import { openBlobDestination } from "../backends/registry.ts";
import { AccessDeniedError } from "../core/errors.ts";
import { readGateSettings } from "../worker/gate/gate_settings.ts";
import { readDirsyncSettings } from "../worker/dirsync/settings.ts";
import type { WorkerOptions } from "../worker/worker_options.ts";
import type { CommonFlags } from "./options.ts";
import type { Io } from "./io.ts";
import { placeText } from "./place_text.ts";

/**
 * What a worker takes from its environment: how it deals with gates, and with directories that are copied.
 *
 * @throws {UsageError} naming a variable that holds something else than it should, before a job is taken
 */
export function workerSurroundings(
  { env }: Io,
  { connStr: connectionString, endpoint }: Pick<CommonFlags, "connStr" | "endpoint">,
): Pick<WorkerOptions, "gates" | "env" | "mountTable" | "openBlobs"> {
  readDirsyncSettings(env);
  return {
    gates: readGateSettings(env),
    env,
    mountTable,
    openBlobs: async (url, options) => {
      assertMayConnect(url);
      return await openBlobDestination(url, { ...options, env, azure: { connectionString, endpoint } });
    },
  };
}

/** A worker on a queue that needs no network has given up the right to it. @throws {AccessDeniedError} */
function assertMayConnect(url: string): void {
  const host = URL.canParse(url) ? new URL(url).host : "";
  if (host === "" || Deno.permissions.querySync({ name: "net", host }).state === "granted") return;
  throw new AccessDeniedError(
    `Cannot copy to "${placeText(url)}": this worker has no right to use the network`,
    {
      hint:
        "start the worker with --bg-dirsync-net; jobq doctor rights worker tells which hosts it may reach then",
    },
  );
}
