import { assertEquals } from "../support/assert.ts";
import { countedSignal } from "../support/counted_signal.ts";
import { GateBench, type GateBenchOptions } from "../support/gate_bench.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

const PASSES = "echo x >> count";
const REFUSES = "echo x >> count; exit 1";
const YEAR_MS = 365 * 24 * 60 * 60 * 1_000;

async function openStill(settings: GateBenchOptions["settings"] = {}) {
  const clock = new ManualClock();
  return { clock, bench: await GateBench.open({ clock, settings }) };
}

/** Whether each refusal was known before. */
async function refusals(bench: GateBench, times: number): Promise<boolean[]> {
  const known: boolean[] = [];
  for (let i = 0; i < times; i++) {
    const verdict = await bench.ask(REFUSES);
    if (verdict.kind === "refused") known.push(verdict.cached);
  }
  return known;
}

test("a gate that passed is not asked again, ever", async () => {
  const { clock, bench } = await openStill();
  await using _ = bench;
  assertEquals((await bench.ask(PASSES)).kind, "passed");
  await clock.advance(YEAR_MS);
  assertEquals((await bench.ask(PASSES)).kind, "passed");
  assertEquals(await bench.lines("count"), 1);
});

test("a refusal is kept for its time and then asked for again", async () => {
  const { clock, bench } = await openStill({ negativeTtlMs: 60_000 });
  await using _ = bench;
  assertEquals(await refusals(bench, 2), [false, true]);
  await clock.advance(59_999);
  assertEquals(await refusals(bench, 1), [true]);
  await clock.advance(2);
  assertEquals(await refusals(bench, 2), [false, true]);
  assertEquals(await bench.lines("count"), 2);
});

test("a refusal that is known has the same words", async () => {
  await using bench = await GateBench.open();
  const gate = "echo no GPU; exit 3";
  const [first, second] = [await bench.ask(gate), await bench.ask(gate)];
  assertEquals({ ...second, cached: false }, { ...first, cached: false });
});

test("a gate that refused and then passes lets in from then on", async () => {
  const { clock, bench } = await openStill({ negativeTtlMs: 1_000 });
  await using _ = bench;
  const gate = "echo x >> count; [ -e ready ]";
  assertEquals((await bench.ask(gate)).kind, "refused");
  await bench.touch("ready");
  await clock.advance(1_001);
  const kinds = [(await bench.ask(gate)).kind, (await bench.ask(gate)).kind];
  assertEquals([kinds, await bench.lines("count")], [["passed", "passed"], 2]);
});

test("without a time for refusals each is asked for, while a pass is kept", async () => {
  await using bench = await GateBench.open({ settings: { negativeTtlMs: 0 } });
  assertEquals(await refusals(bench, 3), [false, false, false]);
  await bench.ask(PASSES);
  await bench.ask(PASSES);
  assertEquals(await bench.lines("count"), 4);
});

test("the gate that was not asked for longest is forgotten first", async () => {
  await using bench = await GateBench.open({ settings: { cacheSize: 2 } });
  const ask = (name: string) => bench.ask(`echo x >> ${name}`);
  for (const name of ["a", "b", "a", "c", "a", "b"]) await ask(name);
  assertEquals([await bench.lines("a"), await bench.lines("b"), await bench.lines("c")], [1, 2, 1]);
});

test("the answer is of the command, whatever the job's environment", async () => {
  await using bench = await GateBench.open();
  await bench.ask(PASSES, { job: { env: { A: "1" } } });
  await bench.ask(PASSES, { job: { env: { A: "2" } } });
  assertEquals(await bench.lines("count"), 1);
});

test("20 who ask at the same time share one run", async () => {
  await using bench = await GateBench.open({ settings: { negativeTtlMs: 0 } });
  const { signal, listeners } = countedSignal();
  const gate = "echo x >> count; while [ ! -e go ]; do sleep 0.02; done; exit 1";
  const asked = Array.from({ length: 20 }, () => bench.ask(gate, { signal }));
  await waitUntil(() => listeners() === 20, { what: "20 who wait" });
  await bench.touch("go");
  const verdicts = await Promise.all(asked);
  assertEquals(verdicts.filter((verdict) => verdict.kind === "refused" && !verdict.cached).length, 20);
  assertEquals([await bench.lines("count"), listeners()], [1, 0]);
});

test("different gates run at the same time", async () => {
  await using bench = await GateBench.open();
  const asked = ["a", "b"].map((name) =>
    bench.ask(`echo x >> ${name}; while [ ! -e a ] || [ ! -e b ]; do sleep 0.02; done`)
  );
  assertEquals((await Promise.all(asked)).map(({ kind }) => kind), ["passed", "passed"]);
});
