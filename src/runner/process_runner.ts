import { DONE, onAbort } from "../core/abort.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Job } from "../core/job.ts";
import type { Outcome } from "../core/outcome.ts";
import { randomId } from "../core/random_id.ts";
import { type Logger, silentLogger } from "../log/logger.ts";
import { atMost } from "./at_most.ts";
import { exitOutcome } from "./exit_outcome.ts";
import { inheritedEnv } from "./inherited_env.ts";
import { discardOutput, type OutputFactory, OutputTail } from "./output.ts";
import { writeParentResults } from "./parent_results_file.ts";
import { ProcessGroup } from "./process_group.ts";
import { findPrograms, type Programs } from "./programs.ts";
import { Pump } from "./pump.ts";
import { recordedOutput } from "./recorded_output.ts";
import { readResult } from "./result_file.ts";
import { type RunContext, type Runner, stoppedOutcome } from "./runner.ts";
import { explainMachine, startProcess } from "./start_process.ts";
import { Terminal } from "./terminal.ts";
import { Watchdog } from "./watchdog.ts";

export interface ProcessRunnerOptions {
  /** How long a stopped job has between TERM and KILL, in ms. Default 30 s. */
  readonly killTimeoutMs?: number;
  /** Where the jobs' output goes, besides their logs. Default: nowhere; the last lines are kept all the same. */
  readonly output?: OutputFactory;
  /**
   * Both streams of a job go to one terminal of its own, of 80 columns and 24 lines, and are passed on as its standard
   * output, byte for byte. Needs script(1) of util-linux. Default false.
   */
  readonly emulateTty?: boolean;
  /** What every job's environment starts from. Default: this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: Logger;
  readonly clock?: Clock;
}

/** How long children that outlive a job may hold its pipes, in ms. */
const PIPE_GRACE_MS = 5_000;
/** What programs are told of a terminal, unless they are told something else: there is nobody who would leaf through a pager. */
const TERMINAL_ENV = { TERM: "xterm", PAGER: "cat" } as const;
/** How long the pipes may take to close once their holders were killed, in ms; a daemon in its own session may hold them for ever. */
const PIPE_DRAIN_MS = 500;

/**
 * Runs shell commands and argument vectors as processes, each in a session of its own, with empty standard
 * input. When the process that runs this dies, what it started is ended by a watchdog.
 *
 * ```ts
 * import { openQueue, processRunner, Worker } from "@jobq/jobq";
 *
 * await using queue = await openQueue(`${await Deno.makeTempDir()}/jobs.db`);
 * await queue.enqueue([{ task: { kind: "shell", command: "exit 0" } }]);
 * await using runner = processRunner({ killTimeoutMs: 5_000 });
 * const { completed } = await new Worker({ queue, runner }).run();
 * if (completed !== 1) throw new Error("not run");
 * ```
 */
export function processRunner(options: ProcessRunnerOptions = {}): Runner {
  return new ProcessRunner(options);
}

/** What is made for the first job and shared by all. */
interface Workshop {
  readonly programs: Programs;
  readonly watchdog: Watchdog;
  readonly directory: string;
  /** Where the runner's own programs find others. */
  readonly path: string;
  readonly unrestricted: boolean;
}

interface RunningProcess {
  readonly group: ProcessGroup;
  readonly terminal: Terminal | undefined;
  readonly pumps: readonly Pump[];
  readonly context: RunContext;
}

class ProcessRunner implements Runner {
  readonly #killTimeoutMs: number;
  readonly #output: OutputFactory;
  readonly #emulateTty: boolean;
  readonly #env: Readonly<Record<string, string>>;
  readonly #log: Logger;
  readonly #clock: Clock;
  #workshop: Promise<Workshop> | undefined;
  #executions = 0;

  constructor(
    {
      killTimeoutMs = 30_000,
      output = discardOutput,
      emulateTty = false,
      env,
      log = silentLogger,
      clock = systemClock,
    }: ProcessRunnerOptions,
  ) {
    this.#killTimeoutMs = killTimeoutMs;
    this.#output = output;
    this.#emulateTty = emulateTty;
    this.#env = inheritedEnv(env ?? Deno.env.toObject());
    this.#log = log;
    this.#clock = clock;
  }

  async run(job: Job, context: RunContext): Promise<Outcome> {
    const { task } = job;
    if (task.kind === "function") {
      return {
        kind: "failed",
        error: `this worker runs commands, and "${task.name}" is a function`,
        retryable: true,
      };
    }
    const workshop = await (this.#workshop ??= this.#open(context).catch((error) => {
      this.#workshop = undefined;
      throw error;
    }));
    const { directory } = workshop;
    const number = this.#executions++;
    const resultName = `result-${number}.json`;
    await using parents = context.parentResults &&
      await writeParentResults(directory, `parents-${number}.json`, context.parentResults);
    await using terminal = this.#emulateTty
      ? await Terminal.open(workshop).catch((error) => {
        throw explainMachine(error);
      })
      : undefined;
    const env = {
      PYTHONUNBUFFERED: "1",
      ...(terminal && TERMINAL_ENV),
      ...this.#env,
      ...job.env,
      ...context.env,
      ...(parents && { JOBQ_PARENT_RESULTS: parents.path }),
      JOBQ_RESULT: `${directory}/${resultName}`,
    };
    const child = startProcess(task, { cwd: job.cwd, env, ...workshop, terminal: terminal?.path });
    if (typeof child === "string") return { kind: "failed", error: child, retryable: true };
    const { id } = job;
    const { slot, execution, record } = context;
    const ownOutput = this.#output({ id, slot, execution });
    const output = record ? recordedOutput(ownOutput, record) : ownOutput;
    // Whoever reads the output may stand still; the job's end must not wait for that.
    await using _output = {
      [Symbol.asyncDispose]: () => atMost(PIPE_DRAIN_MS, output.close(), { clock: this.#clock }),
    };
    const tail = new OutputTail();
    const pumps = [
      new Pump(terminal?.output ?? child.stdout, "stdout", { tail, output }),
      new Pump(child.stderr, "stderr", { tail, output }),
    ];
    const group = new ProcessGroup(child.pid, {
      watchdog: workshop.watchdog,
      direct: workshop.unrestricted,
    });
    const { status, stopped } = await this.#supervise(child, { group, terminal, pumps, context });
    const result = await readResult(directory, resultName, context.maxResultBytes);
    return stopped
      ? stoppedOutcome(context.signal, tail.text())
      : exitOutcome(status, { output: tail.text(), result });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const workshop = await this.#workshop?.catch(() => undefined);
    this.#workshop = undefined;
    if (workshop === undefined) return;
    await workshop.watchdog[Symbol.asyncDispose]();
    await Deno.remove(workshop.directory, { recursive: true }).catch(() => {});
  }

  async #open(context: RunContext): Promise<Workshop> {
    const path = this.#env.PATH ?? "";
    const programs = await findPrograms(path, { terminal: this.#emulateTty });
    const directory = await Deno.makeTempDir({ prefix: "jobq-" }).catch((error) => {
      throw explainMachine(error);
    });
    const workerId = context.env.JOBQ_WORKER_ID ?? `runner-${randomId(12)}`;
    return {
      programs,
      directory,
      path,
      watchdog: Watchdog.start({ programs, workerId, directory, path, log: this.#log }),
      unrestricted: (await Deno.permissions.query({ name: "run" })).state === "granted",
    };
  }

  /** Sees the job to its end: its process, its pipes and what is left of its group. */
  async #supervise(
    child: Deno.ChildProcess,
    { group, terminal, pumps, context }: RunningProcess,
  ): Promise<{ status: Deno.CommandStatus; stopped: boolean }> {
    const drained = Promise.all(pumps.map((pump) => pump.done));
    // Aborted when the job has to end now: told so, or its time after TERM is over.
    const deadline = new AbortController();
    using _kill = onAbort(context.kill, () => deadline.abort(DONE));
    let stopped = false;
    let exited = false;
    using _stop = onAbort(context.signal, () => {
      stopped = !exited;
      void group.terminate();
      void this.#clock.sleep(this.#killTimeoutMs, deadline.signal).then(() => deadline.abort(DONE));
    });
    using _deadline = onAbort(deadline.signal, () => void group.kill());
    const status = await child.status;
    exited = true;
    const patience = { clock: this.#clock, signal: context.signal };
    // A terminal does not end with those that print to it, as pipes do.
    const quiet = context.signal.aborted || terminal ? group.ended(this.#clock, deadline.signal) : undefined;
    // The first process may be a shell that dies at once, while what it ran still saves its work.
    if (context.signal.aborted) await quiet;
    else await atMost(PIPE_GRACE_MS, quiet ?? drained, patience);
    await group.end();
    if (terminal) {
      await terminal.close();
      await atMost(PIPE_GRACE_MS, drained, patience);
    }
    if (!pumps.every((pump) => pump.ended)) {
      await atMost(PIPE_DRAIN_MS, drained, { clock: this.#clock });
      await Promise.all(pumps.map((pump) => pump.cancel()));
    }
    deadline.abort(DONE);
    await quiet;
    return { status, stopped };
  }
}
