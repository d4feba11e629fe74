/**
 * Reads what the kernel tells, with the rights that it was started with; prints one line of JSON. With an argument, keeps
 * what is needed for that directory and gives up the right to run programs first.
 */
import { bootId, keepBootId, keepMountTable, mountTable } from "../../src/backends/kernel_files.ts";

const [directory] = Deno.args;
if (directory !== undefined) {
  keepMountTable(directory);
  keepBootId();
  Deno.permissions.revokeSync({ name: "run" });
}
const line = JSON.stringify({ boot: bootId(), mounts: mountTable() });
await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
