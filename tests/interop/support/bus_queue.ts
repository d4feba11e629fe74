import type { CommandResult } from "../../support/fake_io.ts";
import { jobq } from "../../support/jobq.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import type { QueueOptions } from "../../support/service_bus_broker/queue_options.ts";
import type { QueueView } from "../../support/service_bus_broker/queue_view.ts";
import type { SeenMessage } from "../../support/service_bus_broker/stored_message.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { WorkerProcess } from "../../support/worker_process.ts";
import { type BusAccess, makeBusAccess, NAMESPACE, pathWith, pythonBusEnv } from "./bus_access.ts";
import { pythonEnv, pythonProgram } from "./python_tool.ts";
import { PythonWorker } from "./python_worker.ts";
import type { RunOptions } from "./shared_queue.ts";

/** As both tools make a queue. */
const AS_MADE = { lockDurationMs: 300_000, maxDeliveryCount: 1000, duplicateDetectionMs: 604_800_000 };

/** The Python tool asks an empty queue four times, for 5 s each, before it gives up. */
const HASTE = { JOBQ_SERVICEBUS_EMPTY_POLLS: "1", JOBQ_SERVICEBUS_MAX_WAIT_TIME: "1" };

const NAME = "jobs";
const PYTHON_ADDRESS = `sb://${NAMESPACE}/${NAME}`;
const JOBQ_ADDRESS = `sb://localhost/${NAME}`;

/** A queue of a Service Bus broker that both tools use, through TLS, each in processes of its own. */
export class BusQueue implements AsyncDisposable {
  readonly broker: ServiceBusBroker;
  /** Where its jobs may write. */
  readonly dir: TempDir;
  readonly #access: BusAccess;

  private constructor(broker: ServiceBusBroker, dir: TempDir, access: BusAccess) {
    this.broker = broker;
    this.dir = dir;
    this.#access = access;
  }

  /** A namespace where nobody has made the queue. */
  static async place(): Promise<BusQueue> {
    const dir = await TempDir.make();
    const access = await makeBusAccess(dir);
    return new BusQueue(await ServiceBusBroker.start({ certificate: access.certificate }), dir, access);
  }

  /** As both tools would make it, but for what `options` say. */
  static async make(options: QueueOptions = {}): Promise<BusQueue> {
    const queue = await BusQueue.place();
    queue.broker.createQueue(NAME, { ...AS_MADE, ...options });
    return queue;
  }

  /** What lies on it. */
  get view(): QueueView {
    return this.broker.queue(NAME);
  }

  /** How many messages there are, those that somebody holds or that wait included. */
  get counts(): { readonly messages: number; readonly dead: number } {
    return { messages: this.view.all.length, dead: this.view.dead.length };
  }

  /** From now on, whoever receives a message has the time to settle it, however slow the machine. */
  useLongLocks(): void {
    this.view.lockDurationMs = AS_MADE.lockDurationMs;
  }

  /** Runs a command line of jobq. */
  async jobq(args: readonly string[], { stdin, code = 0 }: RunOptions = {}): Promise<CommandResult> {
    return expecting(code, await jobq([JOBQ_ADDRESS, ...args], { stdin, env: this.#jobqEnv }));
  }

  /** Runs a command line of jobq that signs in as the Python tool does, with the login of the Azure CLI. */
  async jobqWithLogin(args: readonly string[]): Promise<CommandResult> {
    const PATH = pathWith(this.#access.programs);
    const env = { NODE_EXTRA_CA_CERTS: this.#access.certificate.path, PATH };
    return expecting(0, await jobq([`sb://${this.broker.host}/${NAME}`, ...args], { env }));
  }

  /** Runs a command line of the Python tool, which exits with 0 also when jobs fail. */
  async python(args: readonly string[], { stdin = "", code = 0 }: RunOptions = {}): Promise<CommandResult> {
    const child = new Deno.Command(pythonProgram("ai4s-jobq"), {
      args: [PYTHON_ADDRESS, ...args],
      clearEnv: true,
      env: { ...pythonEnv(), ...this.#pythonEnv },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [output] = await Promise.all([child.output(), new Blob([stdin]).stream().pipeTo(child.stdin)]);
    const decoder = new TextDecoder();
    return expecting(code, {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    });
  }

  jobqWorker(args: readonly string[] = []): WorkerProcess {
    return new WorkerProcess(JOBQ_ADDRESS, args, this.#jobqEnv);
  }

  pythonWorker(args: readonly string[] = []): Promise<PythonWorker> {
    return PythonWorker.start(PYTHON_ADDRESS, args, this.#pythonEnv);
  }

  /** Puts a message on it as it is, as the Python tool does. */
  async send(text: string): Promise<void> {
    const { certificate, token } = this.#access;
    using client = Deno.createHttpClient({ caCerts: [certificate.cert] });
    const response = await fetch(`https://${this.broker.host}/${NAME}/messages`, {
      client,
      method: "POST",
      body: text,
      headers: { authorization: `Bearer ${token}` },
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the broker refused it: ${response.status}`);
  }

  /** Waits until a message can be received, which has to be the only one; answers it. */
  async onlyMessage(): Promise<SeenMessage> {
    await waitUntil(() => this.view.active.length > 0, { what: "a message that can be received" });
    const [message, ...others] = this.view.all;
    if (message === undefined || others.length > 0) throw new Error(`there are ${this.view.all.length}`);
    return message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
    await this.dir[Symbol.asyncDispose]();
  }

  get #jobqEnv(): Record<string, string> {
    return {
      JOBQ_CONNECTION_STRING: this.broker.connectionString,
      NODE_EXTRA_CA_CERTS: this.#access.certificate.path,
    };
  }

  get #pythonEnv(): Record<string, string> {
    return { ...HASTE, ...pythonBusEnv(this.#access, this.broker.host) };
  }
}

function expecting(code: number, result: CommandResult): CommandResult {
  if (result.code === code) return result;
  throw new Error(`it exited with ${result.code}, not ${code}: ${result.stdout}${result.stderr}`);
}
