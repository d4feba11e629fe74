import { MemoryQueue } from "../../src/backends/memory/queue.ts";
import type { StopRequest, WorkerPresence, WorkerRegistry, WorkerSelf } from "../../src/core/workers.ts";
import { createLogger } from "../../src/log/logger.ts";
import { hostName } from "../../src/worker/host_name.ts";
import { Presence } from "../../src/worker/presence.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FaultyQueue } from "../support/faulty_queue.ts";
import { shellJob } from "../support/jobs.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { untilStopped } from "../support/scripted_runner.ts";
import { test } from "../support/testing.ts";
import { setUpWorker } from "../support/worker_bench.ts";

test("a worker is among the workers of its queue as long as it runs, with its jobs", async () => {
  const { worker, clock, queue, ids } = await setUpWorker([shellJob()], untilStopped, { slots: 3 });
  const done = worker.run();
  await clock.advance(0);
  const [entry] = await queue.workers.list();
  assert(entry !== undefined);
  const { id, host, pid, slots, jobs } = entry;
  assertEquals({ id, host, pid, slots, jobs }, {
    id: worker.id,
    host: Deno.hostname(),
    pid: Deno.pid,
    slots: 3,
    jobs: ids,
  });
  worker.interrupt();
  await done;
  assertEquals(await queue.workers.list(), []);
});

test("a worker says that it lives", async () => {
  const { worker, clock, queue } = await setUpWorker([], untilStopped, { idleTimeoutMs: Infinity });
  const done = worker.run();
  await clock.advance(600_000);
  const [entry] = await queue.workers.list();
  assert(clock.now() - (entry?.beatAt ?? 0) <= 2_000);
  worker.drain();
  await done;
});

test("a worker that is asked to drain leaves within 2 s after its running jobs", async () => {
  const running = Promise.withResolvers<{ kind: "succeeded" }>();
  const { worker, clock, queue, logged } = await setUpWorker([shellJob(), shellJob()], () => running.promise);
  const done = worker.run();
  await clock.advance(0);
  assert(await queue.workers.stop(worker.id, "drain"));
  await clock.advance(2_000);
  running.resolve({ kind: "succeeded" });
  const { reason, completed } = await done;
  assertEquals([reason, completed, (await queue.counts()).ready], ["drained", 1, 1]);
  assertEquals(logged().filter((line) => /asked/.test(line)), [
    "info: asked to leave after the running jobs",
  ]);
});

test("a worker that is asked to leave at once gives its jobs back within 2 s, also when it drains already", async () => {
  const { worker, clock, queue } = await setUpWorker([shellJob()], untilStopped);
  const done = worker.run();
  await clock.advance(0);
  await queue.workers.stop(worker.id, "drain");
  await clock.advance(10_000);
  await queue.workers.stop(worker.id, "now");
  await clock.advance(2_000);
  const { reason, released } = await done;
  assertEquals([reason, released], ["drained", 1]);
});

test("a worker that waits at an empty queue hears that it is to leave", async () => {
  const { worker, clock, queue } = await setUpWorker([], untilStopped, { idleTimeoutMs: Infinity });
  const done = worker.run();
  await clock.advance(60_000);
  await queue.workers.stop(worker.id, "now");
  await clock.advance(2_000);
  assertEquals((await done).reason, "interrupted");
});

test("a queue that keeps no records is not asked for its workers", async () => {
  class Forgetful extends FaultyQueue {
    override get workers(): WorkerRegistry {
      throw new Error("it was asked");
    }
  }
  const { worker } = await setUpWorker([shellJob()], () => ({ kind: "succeeded" }), {
    front: (queue) => new Forgetful(queue, () => {}, { keepsRecords: false }),
  });
  assertEquals((await worker.run()).completed, 1);
});

const SELF: WorkerSelf = { id: "w1", host: "h", pid: 1, slots: 1 };

/** A registry that fails where the test says, in front of one in memory. */
function startPresence(fails: (operation: string, call: number) => boolean) {
  const clock = new ManualClock();
  const { workers } = new MemoryQueue({ clock });
  const calls = new Map<string, number>();
  const check = (operation: string) => {
    const call = (calls.get(operation) ?? 0) + 1;
    calls.set(operation, call);
    if (fails(operation, call)) throw new Error(`no ${operation}`);
  };
  const around = (entry: WorkerPresence): WorkerPresence => ({
    report: async () => {
      check("report");
      return await entry.report();
    },
    [Symbol.asyncDispose]: async () => {
      check("removal");
      await entry[Symbol.asyncDispose]();
    },
  });
  const registry: WorkerRegistry = {
    register: async (self) => {
      check("registration");
      return around(await workers.register(self));
    },
    list: () => workers.list(),
    stop: (id, request) => workers.stop(id, request),
  };
  const asked: StopRequest[] = [];
  const logged: string[] = [];
  const presence = new Presence(registry, {
    self: SELF,
    clock,
    log: createLogger("debug", ({ level, message }) => logged.push(`${level}: ${message}`)),
    onStop: (request) => asked.push(request),
  });
  return { clock, workers, presence, asked, logged, calls };
}

test("an entry that cannot be made is tried again, quietly", async () => {
  const { clock, workers, presence, logged } = startPresence((operation, call) =>
    operation === "registration" && call <= 2
  );
  await clock.advance(2_000);
  assertEquals((await workers.list()).length, 0);
  await clock.advance(2_000);
  assertEquals((await workers.list()).length, 1);
  assertEquals(logged, Array(2).fill("debug: cannot keep this worker's entry: no registration"));
  await presence[Symbol.asyncDispose]();
});

test("a report that fails is tried again, with the same entry", async () => {
  const { clock, workers, presence, asked, calls } = startPresence((operation, call) =>
    operation === "report" && call === 2
  );
  await clock.advance(1_000);
  await workers.stop("w1", "drain");
  await clock.advance(1_000);
  assertEquals(asked, []);
  await clock.advance(2_000);
  assertEquals([asked, calls.get("registration")], [["drain"], 1]);
  await presence[Symbol.asyncDispose]();
});

test("each request is passed on once", async () => {
  const { clock, workers, presence, asked } = startPresence(() => false);
  await clock.advance(0);
  await workers.stop("w1", "drain");
  await clock.advance(20_000);
  await workers.stop("w1", "now");
  await clock.advance(20_000);
  assertEquals(asked, ["drain", "now"]);
  await presence[Symbol.asyncDispose]();
});

test("an entry that cannot be taken out is a line for those who look for it", async () => {
  const { clock, presence, logged } = startPresence((operation) => operation === "removal");
  await clock.advance(0);
  await presence[Symbol.asyncDispose]();
  assertEquals(logged, ["debug: cannot take out this worker's entry: no removal"]);
});

test("a worker that leaves waits 2 s at most for a queue that does not answer", async () => {
  class Silent extends FaultyQueue {
    override get workers(): WorkerRegistry {
      return {
        register: () => new Promise(() => {}),
        list: () => Promise.resolve([]),
        stop: () => Promise.resolve(false),
      };
    }
  }
  const { worker, clock } = await setUpWorker([shellJob()], () => ({ kind: "succeeded" }), {
    front: (queue) => new Silent(queue, () => {}),
  });
  const done = worker.run();
  await clock.advance(2_000);
  assertEquals((await done).completed, 1);
});

test("the host's name is this machine's", () => {
  assertEquals(hostName(), Deno.hostname());
});

test("a process that may not learn the host's name takes $HOSTNAME, and without that right none", async () => {
  const module = new URL("../../src/worker/host_name.ts", import.meta.url).href;
  const script = `import { hostName } from ${JSON.stringify(module)};
    await Deno.stdout.write(new TextEncoder().encode(hostName()));`;
  const nameWith = async (...rights: readonly string[]) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", ...rights, "--ext=js", "-"],
      env: { HOSTNAME: "from-env" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(script));
    await writer.close();
    return new TextDecoder().decode((await child.output()).stdout);
  };
  assertEquals(await nameWith("--allow-env=HOSTNAME"), "from-env");
  assertEquals(await nameWith(), "unknown");
});
