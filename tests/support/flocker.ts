/** Locks a file until its standard input ends: `flocker.ts PATH`. */
import { print, untilStdinEnds } from "./script.ts";

using file = await Deno.open(Deno.args[0] ?? "", { read: true, write: true });
await file.lock(true);
await print("locked");
await untilStdinEnds();
