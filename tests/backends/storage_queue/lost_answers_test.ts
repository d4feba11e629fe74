import { BackendError, LeaseLostError } from "../../../src/core/errors.ts";
import type { Lease } from "../../../src/core/queue.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import type { FlakyProxy } from "../../support/flaky_proxy.ts";
import type { Fault } from "../../support/flaky_proxy/fault.ts";
import { FAILURE, shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { flakyPlace, type Place, type PlaceOptions } from "./place.ts";

/** How an answer is lost although the service has done what it was asked. */
const LOSSES: Readonly<Record<string, { fault: Fault; times: number }>> = {
  "a 500": { fault: { kind: "answer", status: 500, code: "OperationTimedOut" }, times: 1 },
  "a broken connection": { fault: { kind: "cut" }, times: 1 },
};

interface Leased {
  readonly place: Place;
  readonly proxy: FlakyProxy;
  readonly lease: Lease;
}

/** Works with a job that was leased through a proxy. */
async function withLease(
  work: (it: Leased) => Promise<void>,
  { leaseMs = 60_000, ...options }: Omit<PlaceOptions, "azurite" | "through"> & { leaseMs?: number } = {},
): Promise<void> {
  await using flaky = await flakyPlace(options);
  const { place, proxy } = flaky;
  await place.queue.enqueue([shellJob("job", { maxAttempts: 3 })]);
  await work({ place, proxy, lease: await place.next({ leaseMs }) });
}

for (const [what, { fault, times }] of Object.entries(LOSSES)) {
  const lossOf = (method: string) => [fault, { method, when: "after", times }] as const;

  test(`ack() whose answer is lost by ${what} has done it`, async () => {
    await withLease(async ({ place, proxy, lease }) => {
      proxy.fault(...lossOf("DELETE"));
      await lease.ack();
      assertEquals([await place.count(), lease.lost.aborted], [0, false]);
    });
  });

  test(`retry() whose answer is lost by ${what} has used one retry`, async () => {
    await withLease(async ({ place, proxy, lease }) => {
      proxy.fault(...lossOf("PUT"));
      await lease.retry({ delayMs: 0, failure: FAILURE });
      const { num_retries, attempts } = JSON.parse(await place.onlyText());
      assertEquals([num_retries, attempts, lease.lost.aborted], [1, 1, false]);
    });
  });

  test(`release() whose answer is lost by ${what} has given the job back`, async () => {
    await withLease(async ({ place, proxy, lease }) => {
      proxy.fault(...lossOf("PUT"));
      await lease.release();
      const { num_retries, attempts } = JSON.parse(await place.onlyText());
      assertEquals([num_retries, attempts, lease.lost.aborted], [2, undefined, false]);
    });
  });

  test(`deadLetter() whose removal's answer is lost by ${what} leaves one dead letter`, async () => {
    await withLease(async ({ place, proxy, lease }) => {
      proxy.fault(...lossOf("DELETE"));
      await lease.deadLetter(FAILURE);
      assertEquals([await place.count(), (await place.failedTexts()).length], [0, 1]);
      assertEquals(lease.lost.aborted, false);
    });
  });

  test(`deadLetter() whose copy's answer is lost by ${what} leaves at least one dead letter`, async () => {
    await withLease(async ({ place, proxy, lease }) => {
      proxy.fault(...lossOf("POST"));
      await lease.deadLetter(FAILURE);
      // The service has no way to tell a repeated message from another one.
      assertEquals([await place.count(), (await place.failedTexts()).length], [0, 1 + times]);
    });
  });

  test(`a push whose answer is lost by ${what} is there at least once`, async () => {
    await withLease(async ({ place, proxy }) => {
      proxy.fault(...lossOf("POST"));
      assertEquals((await place.queue.enqueue([shellJob("pushed")])).length, 1);
      assertEquals(await place.count(), 1 + 1 + times);
    });
  });
}

test("renew() whose answer is lost loses the lease with its receipt, and the job comes back", async () => {
  await withLease(async ({ place, proxy, lease }) => {
    proxy.fault({ kind: "cut" }, { method: "PUT", when: "after" });
    const error = await assertRejects(lease.renew(1_000), LeaseLostError);
    assert(lease.lost.reason === error);
    const asked = proxy.requests.length;
    for (const settle of [() => lease.ack(), () => lease.deadLetter(FAILURE)]) {
      await assertRejects(settle(), LeaseLostError);
    }
    assertEquals(proxy.requests.length, asked);
    await waitUntil(async () => (await place.texts()).length === 1);
  });
});

test("ack() of a job whose message somebody removed meanwhile has nothing left to do", async () => {
  await withLease(async ({ place, lease }) => {
    await place.messages.clearMessages();
    await lease.ack();
    assertEquals(lease.lost.aborted, false);
  });
});

test("a job that is settled while its renewal is under way is settled with the renewal's receipt", async () => {
  await withLease(async ({ place, proxy, lease }) => {
    proxy.fault({ kind: "delay", ms: 200 }, { method: "PUT", when: "after" });
    await Promise.all([lease.renew(60_000), lease.ack()]);
    assertEquals([await place.count(), lease.lost.aborted], [0, false]);
  });
});

test("a job is released with the newest receipt of several renewals", async () => {
  await withLease(async ({ place, lease }) => {
    const renewals = [1, 2, 3].map(() => lease.renew(60_000));
    await Promise.all([...renewals, lease.release()]);
    assertEquals((await place.texts()).length, 1);
  });
});

test("ack() of a late holder that is never answered, and then repeated, has done it", async () => {
  await withLease(async ({ place, proxy, lease }) => {
    await waitUntil(async () => (await place.texts()).length === 1);
    proxy.fault({ kind: "delay", ms: 5_000 }, { method: "DELETE", when: "after" });
    await assertRejects(lease.ack(), BackendError);
    assertEquals(await place.count(), 0);
    // Between the two, a heartbeat asks for more time.
    await lease.renew(60_000);
    await lease.ack();
    assertEquals(lease.lost.aborted, false);
  }, { leaseMs: 1_000, patienceMs: 2_000 });
});

test("ack() of a late holder that was never done is a lost lease once another has the job", async () => {
  await withLease(async ({ place, proxy, lease }) => {
    await waitUntil(async () => (await place.texts()).length === 1);
    proxy.fault({ kind: "cut" }, { method: "DELETE", times: 100 });
    await assertRejects(lease.ack(), BackendError);
    proxy.heal();
    await place.receive();
    await assertRejects(lease.ack(), LeaseLostError);
    assertEquals([await place.count(), lease.lost.aborted], [1, true]);
  }, { leaseMs: 1_000, patienceMs: 2_000 });
});

test("retry() after an outage is a lost lease once another has the job", async () => {
  await withLease(async ({ place, proxy, lease }) => {
    await proxy.down();
    await assertRejects(lease.retry({ delayMs: 0, failure: FAILURE }), BackendError);
    await waitUntil(async () => (await place.texts()).length === 1);
    await place.receive();
    await proxy.up();
    await assertRejects(lease.retry({ delayMs: 0, failure: FAILURE }), LeaseLostError);
  }, { leaseMs: 1_000, patienceMs: 2_000 });
});

test("a dead letter whose removal fails for a while is copied once", async () => {
  await withLease(async ({ place, proxy, lease }) => {
    proxy.fault({ kind: "answer", status: 503 }, { method: "DELETE", times: 100 });
    await assertRejects(lease.deadLetter(FAILURE), BackendError);
    proxy.heal();
    await lease.deadLetter(FAILURE);
    assertEquals([await place.count(), (await place.failedTexts()).length], [0, 1]);
  }, { patienceMs: 2_000 });
});

test("a dead letter that another worker took meanwhile is taken back", async () => {
  await withLease(async ({ place, proxy, lease }) => {
    proxy.fault({ kind: "answer", status: 503 }, { method: "DELETE", times: 100 });
    await assertRejects(lease.deadLetter(FAILURE), BackendError);
    assertEquals((await place.failedTexts()).length, 1);
    proxy.heal();
    await waitUntil(async () => (await place.texts()).length === 1);
    await place.receive();
    await assertRejects(lease.deadLetter(FAILURE), LeaseLostError);
    assertEquals(await place.failedTexts(), []);
  }, { leaseMs: 1_000, patienceMs: 2_000 });
});
