import { type QueueClient, QueueServiceClient } from "@azure/storage-queue";
import { connectionString, newQueueName } from "../../support/azurite.ts";
import { jobq } from "../../support/jobq.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { WorkerProcess } from "../../support/worker_process.ts";
import type { CommandResult } from "../../support/fake_io.ts";
import { python } from "./python_tool.ts";
import { PythonWorker } from "./python_worker.ts";

/** How a command line is run. */
export interface RunOptions {
  readonly stdin?: string;
  /** The exit code that it has to have. */
  readonly code?: number;
}

/** A queue on Azurite that both tools use, and what lies on it, letter by letter. */
export class SharedQueue {
  readonly #address: string;
  /** What both tools take the connection string from. */
  readonly #env: Record<string, string>;
  /** With which command lines of both tools begin. */
  readonly #words: readonly string[];
  readonly #messages: QueueClient;
  readonly #failed: QueueClient;

  private constructor(name: string, connection: string) {
    const service = QueueServiceClient.fromConnectionString(connection);
    this.#address = `${service.accountName}/${name}`;
    this.#env = { JOBQ_CONNECTION_STRING: connection };
    this.#words = ["--conn-str", connection, this.#address];
    this.#messages = service.getQueueClient(name);
    this.#failed = service.getQueueClient(`${name}-failed`);
  }

  static async make(): Promise<SharedQueue> {
    const queue = new SharedQueue(newQueueName(), await connectionString());
    await Promise.all([queue.#messages.create(), queue.#failed.create()]);
    return queue;
  }

  /** Runs a command line of jobq. */
  async jobq(args: readonly string[], { stdin, code = 0 }: RunOptions = {}): Promise<CommandResult> {
    return expecting(code, await jobq([...this.#words, ...args], { stdin }));
  }

  /** Runs a command line of the Python tool, which exits with 0 also when jobs fail. */
  async python(args: readonly string[], { stdin, code = 0 }: RunOptions = {}): Promise<CommandResult> {
    return expecting(code, await python([...this.#words, ...args], stdin));
  }

  jobqWorker(args: readonly string[] = []): WorkerProcess {
    return new WorkerProcess(this.#address, args, this.#env);
  }

  pythonWorker(args: readonly string[] = []): Promise<PythonWorker> {
    return PythonWorker.start(this.#address, args, this.#env);
  }

  /** Puts a message on it as it is. */
  async send(text: string): Promise<void> {
    await this.#messages.sendMessage(text, { messageTimeToLive: -1 });
  }

  /** The texts of its visible messages, 32 at most. */
  texts(): Promise<readonly string[]> {
    return textsOf(this.#messages);
  }

  /** The texts of its dead letters, 32 at most. */
  deadTexts(): Promise<readonly string[]> {
    return textsOf(this.#failed);
  }

  /** Waits until a message is visible, which has to be the only one; answers its text. */
  async onlyText(): Promise<string> {
    let texts: readonly string[] = [];
    await waitUntil(async () => (texts = await this.texts()).length > 0, { what: "a visible message" });
    const [text, ...others] = texts;
    if (text === undefined || others.length > 0) throw new Error(`there are ${texts.length} messages`);
    return text;
  }

  /** How many messages there are, those that somebody holds included. */
  async counts(): Promise<{ messages: number; dead: number }> {
    const [messages, dead] = await Promise.all([countOf(this.#messages), countOf(this.#failed)]);
    return { messages, dead };
  }
}

async function textsOf(client: QueueClient): Promise<readonly string[]> {
  const { peekedMessageItems } = await client.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => messageText);
}

async function countOf(client: QueueClient): Promise<number> {
  return (await client.getProperties()).approximateMessagesCount ?? 0;
}

function expecting(code: number, result: CommandResult): CommandResult {
  if (result.code === code) return result;
  throw new Error(`it exited with ${result.code}, not ${code}: ${result.stderr}`);
}
