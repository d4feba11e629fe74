import { AccessDeniedError, BackendError } from "../../../src/core/errors.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { flakyPlace, type Place } from "./place.ts";

interface Call {
  /** Of the request that is refused, its method and what is in its path. */
  readonly refused: { readonly method: string; readonly path?: RegExp };
  /** Asks it of a queue with one job. */
  readonly call: (place: Place) => Promise<unknown>;
  readonly answer?: unknown;
}

/** All that is asked of the service, as a person or a worker asks it. */
const CALLS: Readonly<Record<string, Call>> = {
  "a push": { refused: { method: "POST" }, call: ({ queue }) => queue.enqueue([shellJob("other")]) },
  "lease()": {
    refused: { method: "GET", path: /messages/ },
    call: async (place) => (await place.next()).job.attempts,
    answer: 0,
  },
  "peek()": {
    refused: { method: "GET", path: /peekonly/ },
    call: async ({ queue }) => (await queue.peek(10)).length,
    answer: 1,
  },
  "counts()": {
    refused: { method: "GET", path: /(?<!failed)\?comp=metadata/ },
    call: ({ queue }) => queue.counts(),
    answer: { unfinished: 1, failed: 0 },
  },
  "purge()": { refused: { method: "GET", path: /messages/ }, call: ({ queue }) => queue.purge(), answer: 1 },
  "the list of the dead letters": {
    refused: { method: "GET", path: /failed/ },
    call: ({ queue }) => queue.deadLetters.list(),
    answer: [],
  },
  "the requeue of dead letters": {
    refused: { method: "GET", path: /failed/ },
    call: ({ queue }) => queue.deadLetters.requeue("all"),
    answer: 0,
  },
  "renew()": { refused: { method: "PUT" }, call: async (place) => await (await place.next()).renew(60_000) },
  "release()": { refused: { method: "PUT" }, call: async (place) => await (await place.next()).release() },
  "ack()": { refused: { method: "DELETE" }, call: async (place) => await (await place.next()).ack() },
  "deadLetter()": {
    refused: { method: "POST" },
    call: async (place) => await (await place.next()).deadLetter(FAILURE),
  },
};

/** Makes all calls at once, each on a queue of its own with one job, behind a proxy of its own. */
async function eachCall(
  patienceMs: number | undefined,
  work: (call: Call & { what: string }, it: Awaited<ReturnType<typeof flakyPlace>>) => Promise<void>,
): Promise<void> {
  await Promise.all(
    Object.entries(CALLS).map(async ([what, call]) => {
      await using flaky = await flakyPlace({ patienceMs });
      await flaky.place.put();
      await flaky.place.failed.create();
      await flaky.place.queue.enqueue([shellJob("job")]);
      await work({ what, ...call }, flaky);
    }),
  );
}

test("whatever a busy service refuses is asked again after the time that it names", async () => {
  const busy = [[429, "TooManyRequests"], [503, "ServerBusy"]] as const;
  await eachCall(undefined, async ({ what, refused, call, answer }, { place, proxy }) => {
    for (const [status, code] of busy) {
      proxy.fault({ kind: "answer", status, code, headers: { "retry-after": "1" } }, refused);
    }
    const answered = await call(place);
    if (answer !== undefined) assertEquals(answered, answer, what);
    const index = proxy.requests.findIndex(({ fault }) => fault !== undefined);
    const tries = proxy.requests.slice(index).filter(({ path }) => path === proxy.requests[index]?.path);
    assertEquals(tries.slice(0, 3).map(({ fault }) => fault), ["answer", "answer", undefined], what);
    for (const [before, after] of [[0, 1], [1, 2]] as const) {
      assertBetween((tries[after]?.at ?? 0) - (tries[before]?.at ?? 0), 950, 5_000);
    }
  });
});

test("what stays refused is an error that may pass, and never an empty queue", async () => {
  await eachCall(400, async ({ what, refused, call }, { place, proxy }) => {
    proxy.fault({ kind: "answer", status: 503, code: "ServerBusy" }, { ...refused, times: 1_000 });
    const error = await assertRejects(call(place), BackendError);
    assert(error.transient, what);
    assertMatch(
      error.message,
      /^Cannot .* "devstoreaccount1\/test-[^"]*": (the service is busy|no answer came)/,
    );
  });
});

test("what a forbidden call asks is refused at once", async () => {
  await eachCall(undefined, async ({ what, refused, call }, { place, proxy }) => {
    const fault = { kind: "answer", status: 403, code: "AuthorizationPermissionMismatch" } as const;
    proxy.fault(fault, { ...refused, times: 1_000 });
    const error = await assertRejects(call(place), AccessDeniedError);
    assertMatch(error.message, /the credentials do not allow it$/);
    assertEquals(proxy.requests.filter((seen) => seen.fault !== undefined).length, 1, what);
  });
});

test("what a hanging service is asked ends within the patience for it", async () => {
  await eachCall(400, async ({ what, refused, call }, { place, proxy }) => {
    // A renewal waits as long as its lease lasts.
    if (what === "renew()") return;
    proxy.fault({ kind: "delay", ms: 60_000 }, { ...refused, times: 1_000 });
    const before = Date.now();
    const error = await assertRejects(call(place), BackendError);
    assert(error.transient, what);
    assertMatch(error.message, /no answer came in time$/);
    assertBetween(Date.now() - before, 0, 3_000);
    // Deno sends again, unasked, what is aborted on a connection that was used before.
    if (/counts|peek|dead letters/.test(what)) return;
    await place.count();
    assertEquals(proxy.requests.filter((seen) => seen.fault !== undefined).length, 1, what);
  });
});

test("a renewal that is never answered ends with its lease", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue([shellJob("job")]);
  const lease = await place.next({ leaseMs: 1_500 });
  proxy.fault({ kind: "delay", ms: 60_000 }, { method: "PUT", times: 1_000 });
  await assertRejects(lease.renew(60_000), BackendError);
  assertBetween(Date.now() - lease.expiresAt, -100, 1_000);
  assertEquals(
    proxy.requests.filter(({ method, path }) => method === "PUT" && /messages/.test(path)).length,
    2,
  );
  assertEquals(lease.lost.aborted, false);
});

test("a renewal that hangs is tried again in time, and holds", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue([shellJob("job")]);
  const lease = await place.next({ leaseMs: 2_500 });
  proxy.fault({ kind: "delay", ms: 60_000 }, { method: "PUT" });
  await lease.renew(60_000);
  assertBetween(lease.expiresAt - Date.now(), 50_000, 60_000);
  await lease.ack();
  assertEquals(await place.count(), 0);
});

test("a lease() that is aborted between two tries ends at once", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put();
  proxy.fault({ kind: "answer", status: 503, headers: { "retry-after": "9" } }, { method: "GET" });
  const stop = new AbortController();
  const leasing = place.maybeNext({ signal: stop.signal, waitMs: 60_000 });
  await waitUntil(() => proxy.requests[0]?.status === 503);
  await place.count();
  const before = Date.now();
  stop.abort("done");
  assertEquals(await leasing, undefined);
  assertBetween(Date.now() - before, 0, 1_500);
});

test("a lease() that is aborted while a try fails does not try again", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.put();
  proxy.fault({ kind: "answer", status: 503, headers: { "retry-after": "9" } }, { method: "GET" });
  const stop = new AbortController();
  const leasing = place.maybeNext({ signal: stop.signal, waitMs: 60_000 });
  const before = Date.now();
  stop.abort("done");
  assertEquals(await leasing, undefined);
  assertBetween(Date.now() - before, 0, 1_500);
});

test("a lease() that is aborted while it is answered holds the job that the answer brings", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue([shellJob("job")]);
  proxy.fault({ kind: "delay", ms: 300 }, { method: "GET", when: "after" });
  const stop = new AbortController();
  const leasing = place.maybeNext({ signal: stop.signal, waitMs: 60_000 });
  await waitUntil(() => proxy.requests.some(({ method }) => method === "GET"));
  stop.abort("done");
  const lease = await leasing;
  assert(lease !== undefined);
  await lease.ack();
  assertEquals(await place.count(), 0);
});

test("an answer that takes long brings its jobs all the same", async () => {
  await using flaky = await flakyPlace();
  const { place, proxy } = flaky;
  await place.queue.enqueue([shellJob("job")]);
  proxy.fault({ kind: "delay", ms: 2_500 }, { method: "GET", when: "after" });
  assertEquals((await place.next()).job.executions, 1);
});
