import { QueueServiceClient } from "@azure/storage-queue";
import { openQueue } from "@jobq/jobq";
import { AzuriteProcess } from "../../tests/support/azurite/process.ts";
import { commandLines, jobsOf } from "./commands.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { ai4sJobq } from "./ai4s_jobq.ts";
import { jobq, run } from "./processes.ts";
import type { Benchmark, Result } from "./result.ts";

/** Azurite looks through all messages of a queue at each call: more would measure that. */
const MESSAGES = 150;
const IN_FLIGHT = [1, 10, 64];
const ACCOUNT = "devstoreaccount1";
const AT_LEAST = { of: "ratio", at: "least", value: 0.8 } as const;

/** Pushes, and jobs that are taken and completed, on Azurite, beside loops on the bare SDK and beside ai4s-jobq. */
export const storageQueue: Benchmark = async ({ quick, directory }) => {
  await using azurite = await AzuriteProcess.start();
  const { connectionString } = azurite;
  const rounds = quick ? 2 : 9;
  const results: Result[] = [];
  for (const inFlight of quick ? [10] : IN_FLIGHT) {
    const options = { connectionString, inFlight };
    const rates = await interleave(rounds, {
      jobqPush: async () => (await jobqRates(options)).push,
      barePush: async () => (await bareRates(options)).push,
      jobqTake: async () => (await jobqRates(options)).take,
      bareTake: async () => (await bareRates(options)).take,
    });
    const line = (what: string, [value, baseline]: readonly [number, number]): Result => ({
      what: `${what}, ${inFlight} in flight; baseline: the bare SDK`,
      figure: { value, unit: "jobs/s" },
      baseline: { value: baseline, unit: "jobs/s" },
      limit: AT_LEAST,
    });
    results.push(
      line("Azurite: enqueue()", [rates.jobqPush, rates.barePush]),
      line("Azurite: lease() and ack()", [rates.jobqTake, rates.bareTake]),
    );
  }
  return [...results, ...await besidePython({ connectionString, directory, rounds: quick ? 1 : 5 })];
};

interface Setting {
  readonly connectionString: string;
  readonly inFlight: number;
}

interface Rates {
  readonly push: number;
  readonly take: number;
}

const newQueueName = () => `bench-${crypto.randomUUID()}`;

async function jobqRates({ connectionString, inFlight }: Setting): Promise<Rates> {
  const address = `${ACCOUNT}/${newQueueName()}`;
  await using queue = await openQueue(address, { azure: { connectionString }, env: () => undefined });
  // The first call makes the queue.
  await queue.counts();
  const jobs = jobsOf(commandLines(MESSAGES));
  const push = await secondsOf(() => queue.enqueue(jobs, { concurrency: inFlight }));
  const take = await secondsOf(() =>
    atOnce(inFlight, async () => {
      for (;;) {
        const lease = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
        if (lease === undefined) return;
        await lease.ack();
      }
    })
  );
  return { push: MESSAGES / push, take: MESSAGES / take };
}

async function bareRates({ connectionString, inFlight }: Setting): Promise<Rates> {
  const client = QueueServiceClient.fromConnectionString(connectionString).getQueueClient(newQueueName());
  await client.create();
  const texts = commandLines(MESSAGES).map((line) =>
    `{"version": 1, "reply_requested": false, "kwargs": "{\\"cmd\\": \\"${line}\\", \\"bg_dirsync_to\\": null, \\"env\\": {}}", "num_retries": 0, "id": "6e40694297808b451da7d49a43589725"}`
  );
  const push = await secondsOf(() =>
    atOnce(inFlight, async () => {
      for (let text = texts.pop(); text !== undefined; text = texts.pop()) {
        await client.sendMessage(text, { messageTimeToLive: -1 });
      }
    })
  );
  const take = await secondsOf(() =>
    atOnce(inFlight, async () => {
      for (;;) {
        const { receivedMessageItems: [item] } = await client.receiveMessages({ visibilityTimeout: 60 });
        if (item === undefined) return;
        await client.deleteMessage(item.messageId, item.popReceipt);
      }
    })
  );
  return { push: MESSAGES / push, take: MESSAGES / take };
}

async function atOnce(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}

/** Whole processes of both tools; nothing where ai4s-jobq is not installed. */
async function besidePython(
  { connectionString, directory, rounds }: { connectionString: string; directory: string; rounds: number },
): Promise<readonly Result[]> {
  const python = await ai4sJobq();
  if (python === undefined) return [];
  const input = `${directory}/lines.txt`;
  await Deno.writeTextFile(input, `${commandLines(MESSAGES).join("\n")}\n`);
  const queue = newQueueName();
  const words = (program: readonly string[], ...args: string[]) => [
    ...["env", `JOBQ_CONNECTION_STRING=${connectionString}`, "JOBQ_COPILOT_SKILL=0", ...program],
    ...[`${ACCOUNT}/${queue}`, ...args],
  ];
  // Makes the queue, and warms both up.
  for (const program of [jobq(), python]) await run(words(program, "push", "-c", "true"));
  const timed = (program: readonly string[], args: readonly string[], file?: string) => async () =>
    await secondsOf(() => run(words(program, ...args), { input: file })) * 1000;
  const results: Result[] = [];
  const cases = {
    "push -c true, from start to end": { args: ["push", "-c", "true"] },
    "size, from start to end": { args: ["size"] },
    [`push of ${MESSAGES} lines, 10 at a time`]: { args: ["push", "--num-workers", "10"], file: input },
  };
  for (
    const [what, { args, file }] of Object.entries(cases) as [string, { args: string[]; file?: string }][]
  ) {
    const times = await interleave(rounds, {
      jobq: timed(jobq(), args, file),
      python: timed(python, args, file),
    });
    results.push({
      what: `Azurite: ${what}; baseline: ai4s-jobq`,
      figure: { value: times.jobq, unit: "ms" },
      baseline: { value: times.python, unit: "ms" },
      limit: what.startsWith("push -c") ? { of: "ratio", at: "most", value: 0.2 } : undefined,
    });
  }
  return results;
}
