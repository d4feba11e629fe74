/** Under this name followed by its own, head.sh keeps each variable of which Deno itself must not know. */
const KEPT = "JOBQ_KEPT_";

/** What head.sh sets for Deno. */
const SET: readonly string[] = ["DENO_DIR", "DENO_DISABLE_NODE_SHIM", "DENO_NO_UPDATE_CHECK"];

/**
 * Makes the environment again what it was before the shell script of a self-contained program set up Deno, so that
 * jobs get what their worker got.
 */
export function restoreEnv(): void {
  const env = Deno.env.toObject();
  for (const name of SET) Deno.env.delete(name);
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(KEPT)) continue;
    Deno.env.delete(name);
    Deno.env.set(name.slice(KEPT.length), value);
  }
}
