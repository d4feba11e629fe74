import { busBesidePython } from "./bus_beside_python.ts";
import { BusBrokerProcess } from "./bus_broker_process.ts";
import { settleAfterCut, takeOver } from "./bus_handover.ts";
import { busIdleMemory, busStartUp } from "./bus_programs.ts";
import { bareBatches, barePushes, bareTakes, jobqBatches, jobqPushes, jobqTakes } from "./bus_rates.ts";
import { interleave } from "./interleave.ts";
import type { Benchmark, Result } from "./result.ts";

const WIDTHS = [1, 10, 64];

/**
 * Pushes, jobs that are taken and completed, and whole processes on the tests' Service Bus broker, beside the bare SDK
 * and ai4s-jobq. The broker answers at once: what a call costs in this process is most of what is seen.
 */
export const serviceBus: Benchmark = async ({ quick }) => {
  await using broker = await BusBrokerProcess.start();
  return [
    ...await rates(broker, quick),
    ...await takeOver(broker, quick ? 5 : 50),
    ...await settleAfterCut(broker, quick ? 3 : 20),
    ...await busStartUp({ broker, rounds: quick ? 2 : 15 }),
    ...await busBesidePython(quick ? 1 : 7),
    await busIdleMemory({ broker, rounds: quick ? 1 : 5, waitMs: quick ? 3_000 : 5_000 }),
  ];
};

async function rates(broker: BusBrokerProcess, quick: boolean): Promise<readonly Result[]> {
  const rounds = quick ? 2 : 9;
  const results: Result[] = [];
  for (const width of quick ? [10] : WIDTHS) {
    const options = { broker, width, messages: quick ? 320 : width === 1 ? 1_000 : 6_400 };
    const { jobqPush, barePush, jobqTake, bareTake } = await interleave(rounds, {
      jobqPush: () => jobqPushes(options),
      barePush: () => barePushes(options),
      jobqTake: () => jobqTakes(options),
      bareTake: () => bareTakes(options),
    });
    const takes = width === 1 ? "lease() and ack()" : `leaseMany() of ${width}, their acks at once`;
    results.push(
      rateLine(`enqueue() of one job, ${width} in flight`, jobqPush, barePush),
      rateLine(takes, jobqTake, bareTake),
    );
  }
  const options = { broker, width: 1_000, messages: quick ? 2_000 : 20_000 };
  const { jobq, bare } = await interleave(rounds, {
    jobq: () => jobqBatches(options),
    bare: () => bareBatches(options),
  });
  return [...results, rateLine("enqueue() of 1,000 jobs", jobq, bare)];
}

function rateLine(what: string, value: number, baseline: number): Result {
  return {
    what: `${what}; baseline: the bare SDK`,
    figure: { value, unit: "jobs/s" },
    baseline: { value: baseline, unit: "jobs/s" },
    limit: { of: "ratio", at: "least", value: 0.8 },
  };
}
