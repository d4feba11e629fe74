import { JOB_STATES, type NewJob } from "../../src/core/job.ts";
import { type ListOptions, SORT_KEYS } from "../../src/core/job_store.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Fixture, type Harness } from "./harness.ts";
import { jobIn, push } from "./job_in_state.ts";

/** Finding jobs by what they are. */
export function listTopic(harness: Harness): void {
  conformanceTest(harness, "list() of an empty queue is empty", async ({ queue }) => {
    assertEquals(await queue.list(), []);
  });

  conformanceTest(harness, "list() answers all jobs, newest first", async (it) => {
    await pushEach(it, ["a", "b", "c"]);
    assertEquals(await commands(it), ["c", "b", "a"]);
  });

  conformanceTest(harness, "list() shows jobs pushed together newest first, too", async (it) => {
    await it.queue.enqueue(["a", "b", "c"].map((command) => shellJob(command)));
    assertEquals(await commands(it), ["c", "b", "a"]);
  });

  conformanceTest(harness, "list() answers whole records", async (it) => {
    const id = await push(it, shellJob("false", { name: "n", env: { A: "1" } }));
    await (await it.next({ workerId: "w1" })).deadLetter(FAILURE);
    const [record] = await it.queue.list();
    assertEquals([record?.id, record?.name, record?.env, record?.workerId], [id, "n", { A: "1" }, "w1"]);
    assertEquals([record?.state, record?.failure, record?.exitCode], ["failed", FAILURE, 3]);
    const { startedAt, finishedAt } = await it.get(id);
    assertEquals([record?.startedAt, record?.finishedAt], [startedAt, finishedAt]);
  });

  conformanceTest(harness, "list() chooses by state", async (it) => {
    const parent = await jobIn(it, "running");
    const ids = new Map([["running", parent]]);
    for (const state of ["pending", "completed", "failed", "cancelled", "timeout"] as const) {
      ids.set(state, await jobIn(it, state));
    }
    if (harness.capabilities.dependencies) {
      ids.set("blocked", await push(it, shellJob("true", { after: [{ job: parent }] })));
    }
    for (const state of JOB_STATES.filter((one) => ids.has(one))) {
      assertEquals(await idsOf(it, { states: [state] }), [ids.get(state)], state);
    }
    assertEquals(await idsOf(it, { states: ["failed", "pending"] }), [ids.get("failed"), ids.get("pending")]);
    assertEquals(await idsOf(it, { states: [] }), []);
  });

  const NAMES = ["train-1", "train-20", "Train-1", "eval [1]", "eval-*", "ünïcode-7"];
  const GLOBS: Readonly<Record<string, readonly string[]>> = {
    "*": NAMES,
    "train-*": ["train-1", "train-20"],
    "train-?": ["train-1"],
    "*-1": ["train-1", "Train-1"],
    "[tT]rain-1": ["train-1", "Train-1"],
    "[a-z]rain-[0-9]": ["train-1"],
    "[^a-z]rain-1": ["Train-1"],
    "eval [[]1]": ["eval [1]"],
    "eval-[*]": ["eval-*"],
    "?n?code-7": ["ünïcode-7"],
    "rain": [],
    "train": [],
    "%": [],
    "[": [],
    "": [],
    "'; DROP TABLE jobs; --": [],
  };
  for (const [name, found] of Object.entries(GLOBS)) {
    conformanceTest(harness, `list() finds names by "${name}"`, async (it) => {
      await it.queue.enqueue([shellJob(), ...NAMES.map((one) => shellJob("true", { name: one }))]);
      const records = await it.queue.list({ name });
      assertEquals(records.map((record) => record.name ?? "").toReversed(), found);
    });
  }

  conformanceTest(harness, "list() leaves out what was pushed before an instant", async (it) => {
    await push(it, shellJob("before"));
    await it.pass(10);
    const id = await push(it, shellJob("since"));
    const { createdAt } = await it.get(id);
    assertEquals(await commands(it, { createdSince: createdAt }), ["since"]);
    assertEquals(await commands(it, { createdSince: createdAt - 10 - it.leaseMs }), ["since", "before"]);
    assertEquals(await commands(it, { createdSince: createdAt + 1 }), []);
  });

  conformanceTest(harness, "list() stops at its limit", async (it) => {
    await pushEach(it, ["a", "b", "c"]);
    assertEquals(await commands(it, { limit: 2 }), ["c", "b"]);
    assertEquals(await commands(it, { limit: 2, reverse: true }), ["a", "b"]);
    assertEquals(await commands(it, { limit: 0 }), []);
    assertEquals(await commands(it, { limit: Infinity }), ["c", "b", "a"]);
  });

  conformanceTest(harness, "list() applies all conditions at once", async (it) => {
    await jobIn(it, "failed", shellJob("other name", { name: "b" }));
    await jobIn(it, "failed", shellJob("both", { name: "a1" }));
    await jobIn(it, "completed", shellJob("other state", { name: "a2" }));
    assertEquals(await commands(it, { states: ["failed"], name: "a*", limit: 5 }), ["both"]);
  });

  conformanceTest(harness, "list() sorts by when jobs started and finished", async (it) => {
    const [first = "", second = ""] = await pushEach(it, ["first", "second"]);
    const early = await it.next({ job: second });
    await it.pass(10);
    const late = await it.next({ job: first });
    await it.pass(10);
    await late.ack();
    await it.pass(10);
    await early.ack();
    assertEquals(await commands(it, { sort: "started" }), ["first", "second"]);
    assertEquals(await commands(it, { sort: "finished" }), ["second", "first"]);
    assertEquals(await commands(it, { sort: "updated" }), ["second", "first"]);
    assertEquals(await commands(it, { sort: "created" }), ["second", "first"]);
  });

  conformanceTest(harness, "list() sorts by duration, the longest first", async (it) => {
    for (const times of [2, 3, 1]) {
      const id = await push(it, shellJob(`${times}`));
      const lease = await it.next({ job: id });
      await it.pass(times * 20);
      await lease.ack();
    }
    assertEquals(await commands(it, { sort: "duration" }), ["3", "2", "1"]);
  });

  conformanceTest(harness, "list() sorts by priority, attempts and name", async (it) => {
    const jobs = [{ name: "b", attempts: 2 }, { name: "a", attempts: 3 }, { name: "c", attempts: 1 }];
    for (const { name, attempts } of jobs) {
      const id = await push(
        it,
        shellJob(name, { name, maxAttempts: 9, priority: priorityOf(harness, attempts) }),
      );
      for (let i = 0; i < attempts; i++) {
        await (await it.next({ job: id })).retry({ delayMs: 0, failure: FAILURE });
      }
    }
    assertEquals(await commands(it, { sort: "attempts" }), ["a", "b", "c"]);
    assertEquals(await commands(it, { sort: "name" }), ["a", "b", "c"]);
    if (harness.capabilities.priorities) {
      assertEquals(await commands(it, { sort: "priority" }), ["a", "b", "c"]);
    }
  });

  for (const sort of SORT_KEYS) {
    conformanceTest(
      harness,
      `list() sorts equals by ${sort} newest first, and the other way round`,
      async (it) => {
        const more: Omit<NewJob, "task"> = { name: "same" };
        await it.queue.enqueue(["a", "b", "c"].map((command) => shellJob(command, more)));
        assertEquals(await commands(it, { sort }), ["c", "b", "a"]);
        assertEquals(await commands(it, { sort, reverse: true }), ["a", "b", "c"]);
      },
    );
  }

  conformanceTest(harness, "jobs without what is sorted by come last", async (it) => {
    await jobIn(it, "completed", shellJob("done"));
    await push(it, shellJob("waiting"));
    for (const sort of ["started", "finished", "duration"] as const) {
      assertEquals(await commands(it, { sort }), ["done", "waiting"], sort);
    }
  });

  conformanceTest(harness, "position() counts the jobs before", async (it) => {
    await jobIn(it, "running");
    const ids = await pushEach(it, ["a", "b", "c"]);
    assertEquals(await Promise.all(ids.map((id) => it.queue.position(id))), [0, 1, 2]);
  });

  conformanceTest(harness, "position() of what does not wait for a worker is undefined", async (it) => {
    const ids = await Promise.all(
      (["running", "completed", "cancelled"] as const).map((state) => jobIn(it, state)),
    );
    for (const id of [...ids, "no-such-id", ""]) assertEquals(await it.queue.position(id), undefined);
  });

  conformanceTest(harness, "list() answers thousands of jobs", async (it) => {
    await it.queue.enqueue(
      Array.from({ length: 3_000 }, (_, index) => shellJob(`${index}`, { name: `n${index}` })),
    );
    assertEquals((await it.queue.list({ name: "n1*", limit: 2 })).map(commandOf), ["1999", "1998"]);
    assert((await it.queue.list()).length === 3_000);
  });
}

function priorityOf({ capabilities }: Harness, priority: number): number | undefined {
  return capabilities.priorities ? priority : undefined;
}

/** Pushes the commands one after the other, with time between them; answers the ids. */
async function pushEach(it: Fixture, commands: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const command of commands) {
    ids.push(await push(it, shellJob(command)));
    await it.pass(1);
  }
  return ids;
}

async function commands({ queue }: Fixture, options?: ListOptions): Promise<readonly string[]> {
  return (await queue.list(options)).map(commandOf);
}

async function idsOf({ queue }: Fixture, options: ListOptions): Promise<readonly (string | undefined)[]> {
  return (await queue.list(options)).map(({ id }) => id);
}
