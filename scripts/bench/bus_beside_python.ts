import { makeBusAccess, NAMESPACE, pythonBusEnv } from "../../tests/interop/support/bus_access.ts";
import { hasOpenssl } from "../../tests/support/service_bus_broker/certificate.ts";
import { TempDir } from "../../tests/support/temp_dir.ts";
import { ai4sJobq } from "./ai4s_jobq.ts";
import { BusBrokerProcess } from "./bus_broker_process.ts";
import { interleave, secondsOf } from "./interleave.ts";
import { jobq, run } from "./processes.ts";
import type { Result } from "./result.ts";

/** Whole processes of both tools, both through TLS, as the Python tool knows no other way; nothing where it is missing. */
export async function busBesidePython(rounds: number): Promise<readonly Result[]> {
  const python = await ai4sJobq();
  if (python === undefined || !hasOpenssl) return [];
  await using dir = await TempDir.make();
  const access = await makeBusAccess(dir);
  await using broker = await BusBrokerProcess.start(access);
  const queue = await broker.newQueue();
  const ours = {
    JOBQ_CONNECTION_STRING: broker.connectionString,
    NODE_EXTRA_CA_CERTS: access.certificate.path,
  };
  const theirs = { ...pythonBusEnv(access, broker.host), JOBQ_COPILOT_SKILL: "0" };
  const ms = (words: readonly string[]) => async () => await secondsOf(() => run(words)) * 1000;
  const results: Result[] = [];
  for (const args of [["push", "-c", "true"], ["size"]]) {
    const commands = {
      jobq: withEnv(ours, [...jobq(`sb://${broker.host}/${queue}`), ...args]),
      python: withEnv(theirs, [...python, `sb://${NAMESPACE}/${queue}`, ...args]),
    };
    // The first ones fill the caches of compiled modules.
    for (const words of Object.values(commands)) await run(words);
    const times = await interleave(rounds, { jobq: ms(commands.jobq), python: ms(commands.python) });
    results.push({
      what: `jobq ${args.join(" ")}, from start to end, through TLS; baseline: ai4s-jobq`,
      figure: { value: times.jobq, unit: "ms" },
      baseline: { value: times.python, unit: "ms" },
    });
  }
  return results;
}

const withEnv = (env: Readonly<Record<string, string>>, words: readonly string[]) => [
  ...["env", ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
  ...words,
];
