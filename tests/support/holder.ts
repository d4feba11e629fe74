/** Leases a job, prints its id and attempts, and holds it until killed: `holder.ts ADDRESS LEASE_MS`. */
import { openQueue } from "../../src/backends/registry.ts";
import { print, untilStdinEnds } from "./script.ts";

const [address, leaseMs] = Deno.args;
const queue = await openQueue(address);
const lease = await queue.lease({ leaseMs: Number(leaseMs), waitMs: 30_000, workerId: "holder" });
await print(lease ? `${lease.job.id} ${lease.job.attempts}` : "none");
await untilStdinEnds();
