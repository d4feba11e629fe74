/** Addresses of queues, which may have a password between the user and the host. */
const ADDRESSES: ReadonlySet<string> = new Set(["JOBQ", "JOBQ_STORAGE_QUEUE"]);
/** What is the worker's own business: its login, and the parents of a job that it may be itself. */
const OWN: ReadonlySet<string> = new Set(["JOBQ_SSH_PASSWORD", "JOBQ_PARENT_RESULTS"]);

/** Where there is no Node, Deno puts itself on the PATH of what it starts, as `node`, and marks that it did. */
const NODE_SHIM = "DENO_NODE_SHIM_ACTIVE";
const isShim = (directory: string) => /\/node_compat_bin\/?$/.test(directory);

/** What a job sees of its worker's environment. */
export function inheritedEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.fromEntries(
    Object.entries(env).filter(([name]) => !OWN.has(name)).map(([name, value]) => [
      name,
      ADDRESSES.has(name) ? value.replace(/^(ssh:\/\/[^/@:]*):[^/]*@/, "$1@") : value,
    ]),
  );
  if (inherited[NODE_SHIM] === undefined) return inherited;
  const { [NODE_SHIM]: _, PATH = "", ...others } = inherited;
  return { ...others, PATH: PATH.split(":").filter((directory) => !isShim(directory)).join(":") };
}
