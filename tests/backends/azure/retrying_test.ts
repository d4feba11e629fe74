import {
  type FailedTry,
  type RetryingOptions,
  type Try,
  withRetries,
} from "../../../src/backends/azure/retrying.ts";
import { translateStorageError } from "../../../src/backends/azure/storage_errors.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { AccessDeniedError, BackendError } from "../../../src/core/errors.ts";
import { assert, assertBetween, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { test } from "../../support/testing.ts";
import { accepted, FakeService, refusal } from "./fake_service.ts";
import { push } from "./pusher.ts";
import { RawServer } from "./raw_server.ts";

const translate = (thrown: unknown) =>
  translateStorageError(thrown, { action: "push to", name: "acct/jobs" });

function optionsOn(clock: ManualClock, more: Partial<RetryingOptions> = {}): RetryingOptions {
  return { patienceMs: 60_000, tryTimeoutMs: 5_000, translate, clock, ...more };
}

/** What an SDK throws for an answer with this status, these headers. */
function answered(statusCode: number, headers: Record<string, string> = {}): Error {
  const response = { headers: { get: (name: string) => headers[name] } };
  return Object.assign(new Error("status"), { name: "RestError", statusCode, response });
}

const refused = () => Object.assign(new Error("connect"), { name: "RestError", code: "ECONNREFUSED" });

/** A call that fails with these, one after the other, and then answers "done". */
function failing(...failures: (Error | "silence")[]) {
  const tries: Try[] = [];
  const call = (attempt: Try): Promise<string> => {
    const failure = failures[tries.length];
    tries.push(attempt);
    if (failure === "silence") return new Promise(() => {});
    return failure === undefined ? Promise.resolve("done") : Promise.reject(failure);
  };
  return { call, tries };
}

/** Runs on a manual clock that is moved whenever everything sleeps, until it ends; answers how long it waited. */
async function runThrough<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const done = promise.finally(() => isOver = true);
  done.catch(() => {});
  while (!isOver) {
    await clock.advance(0);
    if (clock.wakesAt !== undefined) await clock.advance(clock.wakesAt - clock.now());
  }
  return await done;
}

test("a call that succeeds is made once", async () => {
  const { call, tries } = failing();
  const clock = new ManualClock();
  assertEquals(await withRetries(call, optionsOn(clock)), "done");
  assertEquals([tries.length, clock.sleepers], [1, 0]);
});

test("a call that fails for a reason that passes is repeated, later and later", async () => {
  const clock = new ManualClock();
  const failed: FailedTry[] = [];
  const { call } = failing(refused(), refused(), refused(), refused());
  const onRetry = (each: FailedTry) => void failed.push(each);
  assertEquals(await runThrough(clock, withRetries(call, optionsOn(clock, { onRetry }))), "done");
  assertEquals(failed.map(({ tries }) => tries), [1, 2, 3, 4]);
  failed.forEach(({ delayMs }, index) => assertBetween(delayMs, 125 * 2 ** index, 250 * 2 ** index));
  assertMatch(failed[0]?.error.message ?? "", /^Cannot push to "acct\/jobs": the connection was refused$/);
});

test("a call that fails for another reason is made once", async () => {
  const clock = new ManualClock();
  const { call, tries } = failing(answered(403));
  await assertRejects(withRetries(call, optionsOn(clock)), AccessDeniedError);
  assertEquals(tries.length, 1);
});

test("the patience ends with the last failure, and is not overdrawn", async () => {
  const clock = new ManualClock();
  const start = clock.now();
  const { call, tries } = failing(...Array.from({ length: 100 }, refused));
  const error = await assertRejects(runThrough(clock, withRetries(call, optionsOn(clock))), BackendError);
  assertMatch(error.message, /the connection was refused/);
  assertBetween(clock.now() - start, 45_000, 60_000);
  assertBetween(tries.length, 8, 20);
});

test("the last failure tells whether an earlier try may have been done", async () => {
  const cases = [
    [[refused(), refused()], false],
    [[answered(503), refused()], true],
    [[refused(), answered(503)], true],
  ] as const;
  for (const [[first, second], mayBeDone] of cases) {
    const clock = new ManualClock();
    const { call } = failing(first, second, ...Array.from({ length: 50 }, refused));
    const options = optionsOn(clock, { patienceMs: 1_000 });
    const error = await assertRejects(runThrough(clock, withRetries(call, options)), BackendError);
    assertEquals([error.transient, error.mayBeDone], [true, mayBeDone]);
  }
});

test("a try that takes too long is given up and repeated, whether it heeds its signal or not", async () => {
  const clock = new ManualClock();
  const start = clock.now();
  const { call, tries } = failing("silence");
  assertEquals(await runThrough(clock, withRetries(call, optionsOn(clock))), "done");
  assertEquals(tries.map(({ signal }) => signal.aborted), [true, false]);
  assertBetween(clock.now() - start, 5_125, 5_250);
});

test("the last try has no more time than is left", async () => {
  const clock = new ManualClock();
  const start = clock.now();
  const { call } = failing("silence", "silence", "silence");
  const options = optionsOn(clock, { patienceMs: 8_000 });
  const error = await assertRejects(runThrough(clock, withRetries(call, options)), BackendError);
  assertMatch(error.message, /no answer came in time/);
  assertEquals(clock.now() - start, 8_000);
});

const AMBIGUOUS: readonly [string, Error | "silence", boolean][] = [
  ["no answer in time", "silence", true],
  ["a 500", answered(500), true],
  ["a cut connection", Object.assign(new Error("hang up"), { code: "ECONNRESET" }), true],
  ["a refused connection", refused(), false],
  ["a 429", answered(429), false],
];
for (const [what, failure, expected] of AMBIGUOUS) {
  test(`after ${what} the next try is told that the call ${expected ? "may be" : "is not"} done`, async () => {
    const clock = new ManualClock();
    const { call, tries } = failing(failure, refused());
    await runThrough(clock, withRetries(call, optionsOn(clock)));
    assertEquals(tries.map(({ mayBeDone }) => mayBeDone), [false, expected, expected]);
  });
}

test("another service tells by itself what may be done", async () => {
  const clock = new ManualClock();
  const { call, tries } = failing(refused());
  await runThrough(clock, withRetries(call, optionsOn(clock, { mayBeDone: () => true })));
  assertEquals(tries.map(({ mayBeDone }) => mayBeDone), [false, true]);
});

const DATE = "Mon, 23 Nov 2026 12:00:00 GMT";
const ASKED: readonly [string, Record<string, string>, number][] = [
  ["seconds", { "retry-after": "7" }, 7_000],
  ["a date", { "retry-after": "Mon, 23 Nov 2026 12:00:07 GMT", date: DATE }, 7_000],
  ["retry-after-ms", { "retry-after-ms": "7000", "retry-after": "1" }, 7_000],
  ["x-ms-retry-after-ms", { "x-ms-retry-after-ms": "7000", "retry-after": "1" }, 7_000],
  ["more than the patience", { "retry-after": "3600" }, 55_000],
];
for (const [what, headers, delayMs] of ASKED) {
  test(`the wait is what the service asks for: ${what}`, async () => {
    const clock = new ManualClock();
    const failed: FailedTry[] = [];
    const { call } = failing(answered(503, headers));
    const onRetry = (each: FailedTry) => void failed.push(each);
    await runThrough(clock, withRetries(call, optionsOn(clock, { onRetry })));
    assertEquals(failed.map((each) => each.delayMs), [delayMs]);
  });
}

const SHORTER: readonly Record<string, string>[] = [
  { "retry-after": "0" },
  { "retry-after": "soon" },
  { "retry-after": "Mon, 23 Nov 2026 11:00:00 GMT", date: DATE },
];
for (const headers of SHORTER) {
  test(`the wait is the own one where the service asks for none: ${headers["retry-after"]}`, async () => {
    const clock = new ManualClock();
    const failed: FailedTry[] = [];
    const { call } = failing(answered(503, headers));
    const onRetry = (each: FailedTry) => void failed.push(each);
    await runThrough(clock, withRetries(call, optionsOn(clock, { onRetry })));
    assertBetween(failed[0]?.delayMs ?? 0, 125, 250);
  });
}

test("the caller's abort ends a try at once, with its reason", async () => {
  const clock = new ManualClock();
  const { call, tries } = failing("silence");
  const caller = new AbortController();
  const promise = withRetries(call, optionsOn(clock, { signal: caller.signal }));
  await clock.untilSleeping();
  const reason = new Error("enough");
  caller.abort(reason);
  assertEquals(await assertRejects(promise, Error), reason);
  assertEquals([tries[0]?.signal.aborted, clock.sleepers], [true, 0]);
});

test("the caller's abort ends a wait at once", async () => {
  const clock = new ManualClock();
  const caller = new AbortController();
  const { call, tries } = failing(refused());
  const onRetry = () => void Promise.resolve().then(() => caller.abort(new Error("enough")));
  const promise = withRetries(call, optionsOn(clock, { signal: caller.signal, onRetry }));
  assertMatch((await assertRejects(promise, Error)).message, /^enough$/);
  assertEquals([tries.length, clock.sleepers], [1, 0]);
});

test("nothing is called for a caller who gave up before", async () => {
  const { call, tries } = failing();
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(withRetries(call, optionsOn(new ManualClock(), { signal })), Error);
  assertEquals(tries.length, 0);
});

test("the real SDK sends exactly one request a try, for every status that it repeats by itself", async () => {
  for (const status of [408, 429, 500, 503]) {
    await using service = new FakeService(() => refusal(status, "ServerBusy", { "retry-after": "0" }));
    let tries = 0;
    const call = async ({ signal }: Try) => {
      if (++tries === 3) service.answer = accepted;
      await push(service.url, { signal });
    };
    await withRetries(call, { patienceMs: 20_000, tryTimeoutMs: 10_000, translate, clock: systemClock });
    assertEquals([status, tries, service.asked.length], [status, 3, 3]);
  }
});

test("the real SDK's request is cut when its try has taken too long", async () => {
  await using server = new RawServer(() => {});
  const call = ({ signal }: Try) => push(server.url, { signal });
  const options = { patienceMs: 300, tryTimeoutMs: 100, translate, clock: systemClock };
  const error = await assertRejects(withRetries(call, options), BackendError);
  assert(error.transient);
  assertBetween(server.count, 1, 3);
});
