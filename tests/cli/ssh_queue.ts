import { Sshd, type SshdOptions } from "../support/sshd.ts";
import { type CommandResult, type FakeIoOptions, runMain } from "../support/fake_io.ts";
import { jobq, type JobqOptions, type ProcessResult } from "../support/jobq.ts";
import type { JobDetails } from "../../src/core/job_store.ts";
import type { Queue } from "../../src/core/queue.ts";
import { openAt } from "../support/sqlite.ts";

/** The place of an SQLite queue behind a real SSH server, and command lines on it. */
export class SshQueue implements AsyncDisposable {
  readonly sshd: Sshd;
  /** The file over there, which is a file here, too. */
  readonly path: string;
  readonly address: string;

  private constructor(sshd: Sshd, path: string) {
    this.sshd = sshd;
    this.path = path;
    this.address = sshd.address(path);
  }

  /** @param name of the file, or of one below a directory that is made */
  static async make(
    { name = "jobs.db", ...options }: SshdOptions & { name?: string } = {},
  ): Promise<SshQueue> {
    const sshd = await Sshd.start(options);
    const path = sshd.directory.join(`files/${name}`);
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    return new SshQueue(sshd, path);
  }

  /** A queue on which each command is a job, pushed without SSH. */
  static async with(...commands: readonly string[]): Promise<SshQueue> {
    const queue = await SshQueue.make();
    await using file = await openAt(queue.path);
    await file.enqueue(commands.map((command) => ({ task: { kind: "shell", command } })));
    return queue;
  }

  /** Runs `jobq ADDRESS WORDS` in this process. */
  jobq(words: readonly string[], { env, ...options }: FakeIoOptions = {}): Promise<CommandResult> {
    return runMain([this.address, ...words], { ...options, env: { ...this.sshd.env, ...env } });
  }

  /** Runs `jobq ADDRESS WORDS` in a process of its own. */
  process(words: readonly string[], { env, ...options }: JobqOptions = {}): Promise<ProcessResult> {
    return jobq([this.address, ...words], { ...options, env: { ...this.sshd.env, ...env } });
  }

  /** Looks at the queue without SSH; it must be there. */
  async look<T>(fn: (queue: Queue) => Promise<T>): Promise<T> {
    await using queue = await openAt(this.path, { create: false });
    return await fn(queue);
  }

  /** What is kept over there of the job that was pushed as the Nth, counted from 1. */
  record(number: number): Promise<JobDetails | undefined> {
    return this.look(async (file) => {
      const [id] = await file.findIds(String(number), { limit: 1 });
      return id === undefined ? undefined : await file.get(id);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sshd[Symbol.asyncDispose]();
  }
}
