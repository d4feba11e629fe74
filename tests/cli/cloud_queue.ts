import { type QueueClient, QueueServiceClient } from "@azure/storage-queue";
import { connectionString, newQueueName } from "../support/azurite.ts";
import { type CommandResult, type FakeIoOptions, runMain } from "../support/fake_io.ts";
import { jobq, type JobqOptions, type ProcessResult } from "../support/jobq.ts";

/** A storage queue on Azurite, command lines on it, and what lies on it letter by letter. */
export class CloudQueue {
  readonly address: string;
  /** As a user has it: the way to the account. */
  readonly env: Readonly<Record<string, string>>;
  readonly #messages: QueueClient;
  readonly #failed: QueueClient;

  private constructor(name: string, direct: string, connection: string) {
    const service = QueueServiceClient.fromConnectionString(direct);
    this.address = `${service.accountName}/${name}`;
    this.env = { JOBQ_CONNECTION_STRING: connection };
    this.#messages = service.getQueueClient(name);
    this.#failed = service.getQueueClient(`${name}-failed`);
  }

  /** The place of a queue that is not there yet. @param connection what the command lines use, if not Azurite's own */
  static async place(connection?: string): Promise<CloudQueue> {
    const direct = await connectionString();
    return new CloudQueue(newQueueName(), direct, connection ?? direct);
  }

  /** A queue on which each command is a job. */
  static async with(...commands: readonly string[]): Promise<CloudQueue> {
    const queue = await CloudQueue.place();
    await queue.create();
    if (commands.length > 0) {
      await queue.jobq(["push", "--num-workers", "1", ...commands.flatMap((command) => ["-c", command])]);
    }
    return queue;
  }

  async create(): Promise<void> {
    await Promise.all([this.#messages.create(), this.#failed.create()]);
  }

  /** Runs `jobq ACCOUNT/QUEUE WORDS` in this process; the log line about the sign-in is left out of the result. */
  async jobq(words: readonly string[], { env, ...options }: FakeIoOptions = {}): Promise<CommandResult> {
    const result = await runMain([this.address, ...words], { ...options, env: { ...this.env, ...env } });
    return { ...result, stderr: result.stderr.replace(/^.* signed in to .*\n/m, "") };
  }

  /** Runs `jobq ACCOUNT/QUEUE WORDS` in a process of its own; its log is left out of the result, but for warnings. */
  process(words: readonly string[], { env, ...options }: JobqOptions = {}): Promise<ProcessResult> {
    return jobq(["--quiet", this.address, ...words], { ...options, env: { ...this.env, ...env } });
  }

  /** Puts a message on it as it is. */
  async send(text: string): Promise<void> {
    await this.#messages.sendMessage(text, { messageTimeToLive: -1 });
  }

  /** Puts a dead letter beside it as it is. */
  async sendDead(text: string): Promise<void> {
    await this.#failed.sendMessage(text, { messageTimeToLive: -1 });
  }

  /** Takes a message for a minute. */
  async take(): Promise<void> {
    await this.#messages.receiveMessages({ visibilityTimeout: 60 });
  }

  /** The texts of its visible messages, 32 at most. */
  texts(): Promise<readonly string[]> {
    return textsOf(this.#messages);
  }

  /** The texts of its dead letters, 32 at most. */
  deadTexts(): Promise<readonly string[]> {
    return textsOf(this.#failed);
  }

  /** The commands of its visible messages. */
  async commands(): Promise<readonly string[]> {
    return (await this.texts()).map(commandOf);
  }

  /** Whether anybody made it. */
  exists(): Promise<boolean> {
    return this.#messages.exists();
  }
}

/** A message of the Python tool, among the dead letters, too. */
export function taskText(id: string, command: string): string {
  return JSON.stringify({
    version: 1,
    reply_requested: false,
    kwargs: JSON.stringify({ cmd: command, bg_dirsync_to: null, env: {} }),
    num_retries: 0,
    id,
  });
}

/** The command in a message's text. */
export function commandOf(text: string): string {
  return JSON.parse(JSON.parse(text).kwargs).cmd;
}

async function textsOf(client: QueueClient): Promise<readonly string[]> {
  const { peekedMessageItems } = await client.peekMessages({ numberOfMessages: 32 });
  return peekedMessageItems.map(({ messageText }) => messageText);
}
