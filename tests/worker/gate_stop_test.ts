import { assert, assertEquals } from "../support/assert.ts";
import { countedSignal } from "../support/counted_signal.ts";
import { GateBench } from "../support/gate_bench.ts";
import { isAlive } from "../support/run_job.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Tells that it runs, and goes on until it is let. */
const WAITS = "echo $$ >> pids; while [ ! -e go ]; do sleep 0.02; done";

test("who is told to stop before asking has nothing run", async () => {
  await using bench = await GateBench.open();
  const asking = bench.start("echo x >> count");
  asking.stop();
  assertEquals([await asking.verdict, await bench.lines("count")], [{ kind: "stopped" }, 0]);
});

test("a gate that nobody waits for any more is ended before the answer", async () => {
  await using bench = await GateBench.open();
  const asking = bench.start(
    "trap 'sleep 0.2; echo x > saved; exit 0' TERM; echo $$ > pids; while :; do sleep 0.02; done",
  );
  await bench.untilLines("pids");
  asking.stop();
  assertEquals(await asking.verdict, { kind: "stopped" });
  assertEquals([await bench.lines("saved"), await isAlive(await bench.text("pids"))], [1, false]);
});

test("a gate that was stopped is asked again", async () => {
  await using bench = await GateBench.open();
  const asking = bench.start(WAITS);
  await bench.untilLines("pids");
  asking.stop();
  await asking.verdict;
  await bench.touch("go");
  assertEquals([(await bench.ask(WAITS)).kind, await bench.lines("pids")], ["passed", 2]);
});

test("who began to ask may stop while another waits: the gate goes on", async () => {
  await using bench = await GateBench.open();
  const first = bench.start(WAITS);
  await bench.untilLines("pids");
  const { signal, listeners } = countedSignal();
  const second = bench.start(WAITS, { signal });
  await waitUntil(() => listeners() === 1, { what: "the second one who waits" });
  first.stop();
  assertEquals(await first.verdict, { kind: "stopped" });
  assert(await isAlive(await bench.text("pids")), "the gate was stopped");
  await bench.touch("go");
  assertEquals([await second.verdict, await bench.lines("pids")], [{ kind: "passed" }, 1]);
});

test("when all who ask have gone, the gate is stopped", async () => {
  await using bench = await GateBench.open();
  const asked = [bench.start(WAITS), bench.start(WAITS), bench.start(WAITS)];
  await bench.untilLines("pids");
  for (const { stop } of asked) stop();
  const verdicts = await Promise.all(asked.map(({ verdict }) => verdict));
  assertEquals(verdicts.map(({ kind }) => kind), ["stopped", "stopped", "stopped"]);
  assertEquals([await bench.lines("pids"), await isAlive(await bench.text("pids"))], [1, false]);
});

test("a gate that is being stopped keeps nobody from asking anew, and kill ends it at once", async () => {
  await using bench = await GateBench.open({ killTimeoutMs: 600_000 });
  const gate = "trap '' TERM; echo $$ >> pids; [ -e again ] && exit 0; while :; do sleep 0.02; done";
  const first = bench.start(gate);
  await bench.untilLines("pids");
  const pid = await bench.text("pids");
  await bench.touch("again");
  first.stop();
  assertEquals([await bench.ask(gate), await isAlive(pid)], [{ kind: "passed" }, true]);
  first.kill();
  assertEquals([await first.verdict, await isAlive(pid)], [{ kind: "stopped" }, false]);
});

test("a kill without a stop, of one of several, leaves the gate alone", async () => {
  await using bench = await GateBench.open();
  const asked = [bench.start(WAITS), bench.start(WAITS)];
  await bench.untilLines("pids");
  asked[0]?.kill();
  await bench.touch("go");
  assertEquals((await Promise.all(asked.map(({ verdict }) => verdict))).map(({ kind }) => kind), [
    "passed",
    "passed",
  ]);
});

test("closing ends the gates that still run, and tells who asked", async () => {
  await using bench = await GateBench.open();
  const asking = bench.start(WAITS);
  await bench.untilLines("pids");
  await bench.gates[Symbol.asyncDispose]();
  assertEquals(await asking.verdict, { kind: "stopped" });
  assertEquals(await isAlive(await bench.text("pids")), false);
});
