import type { Job } from "../../src/core/job.ts";
import type { Counts, Queue } from "../../src/core/queue.ts";
import { assertEquals } from "./assert.ts";
import { type CommandResult, type FakeIoOptions, runMain } from "./fake_io.ts";
import { jobq, type JobqOptions, type ProcessResult } from "./jobq.ts";
import { commandOf } from "./jobs.ts";
import { openAt } from "./sqlite.ts";
import { TempDir } from "./temp_dir.ts";

/** The place of an SQLite queue in a directory of its own, and command lines on it. */
export class QueueFile implements AsyncDisposable {
  readonly directory: TempDir;
  readonly path: string;

  private constructor(directory: TempDir) {
    this.directory = directory;
    this.path = directory.join("jobs.db");
  }

  static async make(): Promise<QueueFile> {
    return new QueueFile(await TempDir.make());
  }

  /** A queue on which each command is a job. */
  static async with(...commands: readonly string[]): Promise<QueueFile> {
    const file = await QueueFile.make();
    await file.pushed(...commands);
    return file;
  }

  /** Runs `jobq QUEUE WORDS` in this process. */
  jobq(words: readonly string[], options?: FakeIoOptions): Promise<CommandResult> {
    return runMain([this.path, ...words], options);
  }

  /** Runs `jobq QUEUE WORDS` in a process of its own. */
  process(words: readonly string[], options?: JobqOptions): Promise<ProcessResult> {
    return jobq([this.path, ...words], options);
  }

  /** Pushes commands; answers their ids. */
  async pushed(...commands: readonly string[]): Promise<readonly string[]> {
    await using queue = await openAt(this.path);
    return await queue.enqueue(commands.map((command) => ({ task: { kind: "shell", command } })));
  }

  /** Makes dead letters; answers their ids. */
  async dead(...commands: readonly string[]): Promise<readonly string[]> {
    const ids = await this.pushed(...commands);
    await using queue = await openAt(this.path);
    for (const id of ids) {
      await using lease = await queue.lease({ leaseMs: 60_000, waitMs: 0 });
      assertEquals(lease?.job.id, id);
      await lease?.deadLetter({ kind: "failed", message: "exit code 3", exitCode: 3, at: Date.now() });
    }
    return ids;
  }

  /** Looks at the queue, which must be there. */
  async look<T>(fn: (queue: Queue) => Promise<T>): Promise<T> {
    await using queue = await openAt(this.path, { create: false });
    return await fn(queue);
  }

  /** The waiting jobs. */
  jobs(): Promise<readonly Job[]> {
    return this.look((queue) => queue.peek(100_000));
  }

  /** The commands of the waiting jobs. */
  async commands(): Promise<readonly string[]> {
    return (await this.jobs()).map(commandOf);
  }

  counts(): Promise<Counts> {
    return this.look((queue) => queue.counts());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory[Symbol.asyncDispose]();
  }
}
