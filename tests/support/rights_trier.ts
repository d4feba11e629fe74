/**
 * Gives up the rights that a command does not need, and tries what it can do then. The first argument is the command, the
 * second the address of its queue, or empty; the others are flags that are set. Without arguments nothing is given up.
 * Prints one line of JSON: the names of what was refused for want of a right, and of what was not.
 */
import { callOf, dropRights } from "../../src/cli/rights.ts";

const [command, queue, ...flags] = Deno.args;
if (command !== undefined) {
  const values = { queue: queue || undefined, ...Object.fromEntries(flags.map((flag) => [flag, true])) };
  dropRights(callOf({ command, values, positionals: [], env: (name) => Deno.env.get(name) }));
}

/** What no right is needed for, once something was not refused: nobody answers there. */
const NOBODY = "192.0.2.1";
const TRIES: Readonly<Record<string, () => unknown>> = {
  read: () => Deno.statSync("/etc"),
  write: () => Deno.removeSync("/nonexistent/file"),
  shell: () => new Deno.Command("sh", { args: ["-c", "exit 0"] }).outputSync(),
  program: () => new Deno.Command(Deno.execPath(), { args: ["--version"] }).outputSync(),
  loopback: () => Deno.connect({ hostname: "127.0.0.1", port: 1 }),
  network: () => Deno.connect({ hostname: NOBODY, port: 443 }),
  listen: () => Deno.listen({ hostname: "0.0.0.0", port: 0 }).close(),
  unixSocket: () => Deno.connect({ transport: "unix", path: "/nonexistent/socket" }),
  fetch: () => fetch(`https://${NOBODY}/`),
  webSocket: () => failed(new WebSocket(`ws://${NOBODY}/`)),
  hostname: () => Deno.hostname(),
  uid: () => Deno.uid(),
  ffi: () => Deno.dlopen("/nonexistent/library.so", {}),
  // A name that is put together is not looked up before the program starts.
  remoteImport: () => import(`https://deno.land/${Deno.pid}.ts`),
};

const refused: string[] = [];
const allowed: string[] = [];
await Promise.all(
  Object.entries(TRIES).map(async ([name, attempt]) => {
    (await isRefused(attempt) ? refused : allowed).push(name);
  }),
);
const line = JSON.stringify({ refused: refused.toSorted(), allowed: allowed.toSorted() });
await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
Deno.exit(0);

/** Whether it fails at once for want of a right; what is under way after a second was not refused. */
async function isRefused(attempt: () => unknown): Promise<boolean> {
  const timer = Promise.withResolvers<void>();
  setTimeout(timer.resolve, 1000);
  try {
    await Promise.race([(async () => await attempt())(), timer.promise]);
    return false;
  } catch (error) {
    return error instanceof Error && /Requires \w+ access to/.test(error.message);
  }
}

function failed(socket: WebSocket): Promise<never> {
  return new Promise((_, reject) => {
    socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
  });
}
