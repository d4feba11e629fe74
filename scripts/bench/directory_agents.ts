import type { Durability } from "@jobq/jobq";
import { Child } from "../../tests/support/child.ts";

export interface AgentsOptions {
  readonly path: string;
  readonly durability: Durability;
  /** Processes. */
  readonly count: number;
}

/** A process at a queue that does what it is told; see directory_agent.ts. */
export class Agent implements AsyncDisposable {
  readonly #child: Child;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Resolves when the process has opened the queue. */
  static async start({ path, durability }: Omit<AgentsOptions, "count">): Promise<Agent> {
    const script = new URL("./directory_agent.ts", import.meta.url).href;
    const agent = new Agent(new Child(script, [path, durability]));
    await agent.#child.line();
    return agent;
  }

  /** Answers what the process answers. */
  async ask(request: string): Promise<string> {
    await this.#child.tell(`${request}\n`);
    return await this.#child.line();
  }

  /** Ends it as a power cut would. */
  kill(): Promise<void> {
    return this.#child.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#child[Symbol.asyncDispose]();
  }
}

/** Processes that lease and ack jobs of one queue at the same time. */
export class Agents implements AsyncDisposable {
  readonly #agents: readonly Agent[];

  private constructor(agents: readonly Agent[]) {
    this.#agents = agents;
  }

  static async start({ count, ...options }: AgentsOptions): Promise<Agents> {
    return new Agents(await Promise.all(Array.from({ length: count }, () => Agent.start(options))));
  }

  /** Has them take this many jobs together. @returns how often one came to a job that another had taken */
  async take(jobs: number): Promise<number> {
    const share = Math.ceil(jobs / this.#agents.length);
    const collisions = await Promise.all(this.#agents.map((agent) => agent.ask(`take ${share}`)));
    return collisions.reduce((sum, count) => sum + Number(count), 0);
  }

  /** Has the first of them take so many jobs. @returns the seconds that the leases took, without the acks */
  async claim(jobs: number): Promise<number> {
    return Number(await this.#agents[0]?.ask(`claim ${jobs}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent[Symbol.asyncDispose]()));
  }
}
