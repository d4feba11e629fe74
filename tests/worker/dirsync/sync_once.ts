/**
 * Copies a directory to another one as a worker does: `sync_once.ts FROM TO [--wait]`, which tells of errors on standard output.
 * With `--wait` the job takes until the end of standard input.
 */
import { systemClock } from "../../../src/core/clock.ts";
import { JobqError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/log/logger.ts";
import { Dirsync } from "../../../src/worker/dirsync/dirsync.ts";
import { localDestination } from "../../../src/worker/dirsync/local_destination.ts";
import { SETTINGS } from "./sync_bench.ts";

const [directory = "", to = "", wait] = Deno.args;
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
try {
  await using destination = localDestination(to, { source: directory });
  await using sync = await Dirsync.start({
    directory,
    destination,
    settings: SETTINGS,
    // The pauses of the last copy would only take time.
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 10), signal) },
    log: silentLogger,
  });
  say("started");
  if (wait === "--wait") { for await (const _ of Deno.stdin.readable); }
  await sync.finish();
  say("finished");
} catch (error) {
  if (!(error instanceof JobqError)) throw error;
  say(`${error.name}: ${error.message}`);
}
