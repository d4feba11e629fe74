/** Addresses of queues, which may have a password between the user and the host. */
const ADDRESSES: ReadonlySet<string> = new Set(["JOBQ", "JOBQ_STORAGE_QUEUE"]);
/** What is the worker's own business: its login, and the parents of a job that it may be itself. */
const OWN: ReadonlySet<string> = new Set(["JOBQ_SSH_PASSWORD", "JOBQ_PARENT_RESULTS"]);

/** What a job sees of its worker's environment. */
export function inheritedEnv(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !OWN.has(name)).map(([name, value]) => [
      name,
      ADDRESSES.has(name) ? value.replace(/^(ssh:\/\/[^/@:]*):[^/]*@/, "$1@") : value,
    ]),
  );
}
