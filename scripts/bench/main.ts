import { children } from "./children.ts";
import { crowdedClaim } from "./crowded_claim.ts";
import { directory } from "./directory.ts";
import { dirsync } from "./dirsync.ts";
import { executable } from "./executable.ts";
import { fanOut } from "./fan_out.ts";
import { idle } from "./idle.ts";
import { leaseAck } from "./lease_ack.ts";
import { memory } from "./memory.ts";
import { pushLines } from "./push_lines.ts";
import { pushSingle } from "./push_single.ts";
import { records } from "./records.ts";
import { type Benchmark, isWithinLimit, type Result } from "./result.ts";
import { serviceBus } from "./service_bus.ts";
import { ssh } from "./ssh.ts";
import { startUp } from "./start_up.ts";
import { storageQueue } from "./storage_queue.ts";
import { formatTable } from "./table.ts";

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  "start-up": startUp,
  "push-lines": pushLines,
  "push-single": pushSingle,
  "lease-ack": leaseAck,
  "crowded-claim": crowdedClaim,
  "fan-out": fanOut,
  "records": records,
  "children": children,
  "memory": memory,
  "idle": idle,
  "directory": directory,
  "dirsync": dirsync,
  "executable": executable,
  "ssh": ssh,
  "storage-queue": storageQueue,
  "service-bus": serviceBus,
};

/** `deno task bench [--quick] [NAME]...`; a figure that falls short is told, but fails nothing. */
async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes("--quick");
  const names = args.filter((word) => word !== "--quick");
  const unknown = names.find((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown !== undefined) {
    await print(`error: Cannot run "${unknown}": the benchmarks are ${Object.keys(BENCHMARKS).join(", ")}\n`);
    return 2;
  }
  const results = new Map<string, readonly Result[]>();
  for (const [name, benchmark] of Object.entries(BENCHMARKS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const start = performance.now();
    await print(`${name} … `);
    results.set(name, await measure(name, { benchmark, quick }));
    await print(`${((performance.now() - start) / 1000).toFixed(0)} s\n`);
  }
  await print(`\n${formatTable(results)}\n${describeMachine()}\n${judge(results)}`);
  return 0;
}

async function measure(
  name: string,
  { benchmark, quick }: { benchmark: Benchmark; quick: boolean },
): Promise<readonly Result[]> {
  const directory = await Deno.makeTempDir({ prefix: "jobq-bench-" });
  try {
    return await benchmark({ quick, directory });
  } catch (error) {
    // The other benchmarks still have something to tell.
    await print(`${name} could not be measured: ${error instanceof Error ? error.message : error}\n`);
    return [];
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function describeMachine(): string {
  return `Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} cores, files in ${
    Deno.env.get("TMPDIR") ?? "/tmp"
  }`;
}

function judge(results: ReadonlyMap<string, readonly Result[]>): string {
  const verdicts = [...results.values()].flat().map(isWithinLimit).filter((verdict) => verdict !== undefined);
  const short = verdicts.filter((verdict) => !verdict).length;
  return `${verdicts.length - short} of ${verdicts.length} limits kept, ${short} short\n`;
}

async function print(text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await Deno.stdout.write(bytes.subarray(sent));
}

if (import.meta.main) Deno.exit(await main(Deno.args));
