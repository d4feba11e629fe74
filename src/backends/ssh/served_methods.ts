import { UnsupportedError } from "../../core/errors.ts";
import type { JobId } from "../../core/job.ts";
import type { Lease, LeaseOptions, Queue } from "../../core/queue.ts";
import type { MethodName, Params, PushAnswer, Result } from "./messages.ts";
import { encodeError } from "./remote_errors.ts";
import type { ServedLeases } from "./served_leases.ts";
import type { ServedLogs } from "./served_logs.ts";
import { ServedWorkers } from "./served_workers.ts";
import { fromWire } from "./wire_numbers.ts";

/** What is known of a request besides its parameters. */
export interface CallContext {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** When it came, ms since the epoch. */
  readonly askedAt: number;
}

/** Does what was asked for. */
export type ServedMethods = {
  readonly [Name in MethodName]: (
    params: Params<Name>,
    context: CallContext,
  ) => Promise<Result<Name>> | Result<Name>;
};

export interface ServedMethodsOptions {
  readonly queue: Queue;
  readonly leases: ServedLeases;
  readonly logs: ServedLogs;
}

/** All that can be asked of a queue over a connection. */
export function servedMethods({ queue, leases, logs }: ServedMethodsOptions): ServedMethods {
  const { deadLetters } = queue;
  const workers = new ServedWorkers(queue.workers);
  const settle = (lease: number, work: (lease: Lease) => Promise<void>) => leases.settle(lease, work);
  return {
    "enqueue": (params, { signal }) => push(queue, params, signal),
    "lease": async (params, { signal, askedAt }) => {
      const lease = await queue.lease({ ...leaseOptions(params), signal });
      return lease && leases.add(lease, { isHeld: false, askedAt });
    },
    "leaseMany": async ({ max, ...params }, { signal, askedAt }) => {
      if (queue.leaseMany === undefined) throw unsupported("lease several jobs at once");
      const found = await queue.leaseMany({ ...leaseOptions(params), max: fromWire(max), signal });
      return found.map((lease) => leases.add(lease, { isHeld: false, askedAt }));
    },
    "resume": async ({ ticket }, { signal, askedAt }) => {
      if (queue.resume === undefined) throw unsupported("resume a lease");
      return leases.add(await queue.resume(ticket, { signal }), { isHeld: true, askedAt });
    },
    "lease.confirm": ({ lease }) => leases.confirm(lease),
    "peek": ({ limit }, { signal }) => queue.peek(fromWire(limit), { signal }),
    "counts": (_, { signal }) => queue.counts({ signal }),
    "purge": (_, { signal }) => queue.purge({ signal }),
    "get": ({ job }, { signal }) => queue.get(job, { signal }),
    "findIds": ({ text, limit }, { signal }) => queue.findIds(text, { limit: fromWire(limit), signal }),
    "list": ({ limit, createdSince, ...options }, { signal }) =>
      queue.list({ ...options, limit: fromWire(limit), createdSince: fromWire(createdSince), signal }),
    "position": ({ job }, { signal }) => queue.position(job, { signal }),
    "cancel": ({ jobs, reason }, { signal }) => queue.cancel(jobs, { reason, signal }),
    "requeue": ({ which }, { signal }) => queue.requeue(which, { signal }),
    "prune": ({ finishedBefore, keepNewest, ...options }, { signal }) =>
      queue.prune({
        ...options,
        finishedBefore: fromWire(finishedBefore),
        keepNewest: fromWire(keepNewest),
        signal,
      }),
    "stats": (_, { signal }) => queue.stats({ signal }),
    "wait": ({ which, timeoutMs, ...options }, { signal }) =>
      queue.wait(which, { ...options, timeoutMs: fromWire(timeoutMs), signal }),
    "dead.list": ({ limit }, { signal }) => deadLetters.list({ limit: fromWire(limit), signal }),
    "dead.requeue": ({ which }, { signal }) => deadLetters.requeue(which, { signal }),
    "dead.purge": ({ which }, { signal }) => deadLetters.purge(which, { signal }),
    "lease.parentResults": ({ lease }) => leases.get(lease).parentResults(),
    "lease.renew": async ({ lease, leaseMs }, { askedAt }) => {
      const held = leases.get(lease);
      await held.renew(fromWire(leaseMs));
      return held.expiresAt - askedAt;
    },
    "lease.ack": ({ lease, result, output, warning }) =>
      settle(lease, (held) => held.ack(result, { output, warning })),
    "lease.retry": ({ lease, delayMs, failure }) =>
      settle(lease, (held) => held.retry({ delayMs: fromWire(delayMs), failure })),
    "lease.release": ({ lease, delayMs, output }) =>
      settle(lease, (held) => held.release({ delayMs: fromWire(delayMs), output })),
    "lease.refuse": ({ lease, delayMs, refusal }) =>
      settle(lease, (held) => held.refuse({ delayMs: fromWire(delayMs), refusal })),
    "lease.cancel": ({ lease, output }) => settle(lease, (held) => held.cancel({ output })),
    "lease.deadLetter": ({ lease, failure }) => settle(lease, (held) => held.deadLetter(failure)),
    "workers.register": ({ presence, self, again }, { signal }) =>
      workers.register(presence, { self, again, signal }),
    "workers.report": ({ presence }) => workers.report(presence),
    "workers.leave": ({ presence }) => workers.leave(presence),
    "workers.list": (_, { signal }) => queue.workers.list({ signal }),
    "workers.stop": ({ worker, request }, { signal }) => queue.workers.stop(worker, request, { signal }),
    // At once: what is written to it may be the next that comes.
    "logs.open": ({ log, job, execution, maxBytes }) =>
      logs.open(Number(log), { id: job, execution }, fromWire(maxBytes)),
    "logs.write": ({ log, bytes }) => logs.write(log, Uint8Array.fromBase64(bytes)),
    "logs.close": ({ log }) => logs.close(log),
    "logs.read": async ({ job, execution, from }) => {
      const part = await logs.logs.read({ id: job, execution }, from);
      return { bytes: part.bytes.toBase64(), from: part.from };
    },
  };
}

async function push(
  queue: Queue,
  { jobs, concurrency }: Params<"enqueue">,
  signal: AbortSignal,
): Promise<PushAnswer> {
  const skipped: [number, JobId][] = [];
  const onSkip = (index: number, id: JobId) => void skipped.push([index, id]);
  try {
    return { ids: await queue.enqueue(jobs, { onSkip, concurrency, signal }), skipped };
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error;
    return { error: encodeError(error), skipped };
  }
}

function leaseOptions({ leaseMs, waitMs, ...options }: Params<"lease">): LeaseOptions {
  return { ...options, leaseMs: fromWire(leaseMs), waitMs: fromWire(waitMs) };
}

function unsupported(what: string): UnsupportedError {
  return new UnsupportedError(`Cannot ${what}: the queue on the other side does not offer that`);
}
