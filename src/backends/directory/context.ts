import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../log/logger.ts";
import type { LogFiles } from "../log_files/log_files.ts";
import type { Files } from "./files.ts";
import { Holder } from "./holder.ts";
import { LAYOUT_FILE } from "./layout.ts";
import { OrderedTree } from "./ordered_tree.ts";
import type { QueueTime } from "./queue_time.ts";
import { Sequence } from "./sequence.ts";

/** Whether the own folder is there is looked at so often at most, in ms. */
const HOLDER_LOOK_MS = 20;

export interface ContextOptions {
  /** The queue's address, for messages. */
  readonly name: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly time: QueueTime;
  readonly logs: LogFiles;
  readonly log: Logger;
  /** Leases outlive the process. */
  readonly isDetached: boolean;
}

/** What all operations of one handle on a queue share. */
export class DirectoryContext implements Disposable {
  readonly name: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly time: QueueTime;
  readonly logs: LogFiles;
  readonly log: Logger;
  readonly sequence: Sequence;
  /** Waiting for a worker: by priority, group and page. */
  readonly ready: OrderedTree;
  /** Waiting for their time: by that, and page. */
  readonly delayed: OrderedTree;
  readonly blocked: OrderedTree;
  /** By group, page and job: those for which others wait, or waited. */
  readonly children: OrderedTree;
  /** The path of the baton, when it could not be put down. */
  keptBaton: string | undefined;
  readonly #isDetached: boolean;
  #holder: Holder | undefined;
  #holderSeenAt = -Infinity;

  constructor({ name, files, clock, time, logs, log, isDetached }: ContextOptions) {
    this.name = name;
    this.files = files;
    this.clock = clock;
    this.time = time;
    this.logs = logs;
    this.log = log;
    this.#isDetached = isDetached;
    this.sequence = new Sequence(files, time);
    this.ready = new OrderedTree("ready", 4, { files, time });
    this.delayed = new OrderedTree("delayed", 3, { files, time });
    this.blocked = new OrderedTree("blocked", 2, { files, time });
    this.children = new OrderedTree("children", 3, { files, time });
  }

  /** Made when something is to be held. Another one, when somebody took the folder of the last away. */
  get holder(): Holder {
    if (this.#holder !== undefined && performance.now() - this.#holderSeenAt >= HOLDER_LOOK_MS) {
      this.#holderSeenAt = performance.now();
      if (!this.files.exists(this.#holder.path("life"))) {
        this.#holder[Symbol.dispose]();
        this.#holder = undefined;
      }
    }
    return this.#holder ??= Holder.open({ files: this.files, time: this.time, isDetached: this.#isDetached });
  }

  /** Whether the queue is still there: a directory that was removed, or is not mounted any more, looks like an empty one. */
  get isThere(): boolean {
    return this.files.exists(LAYOUT_FILE);
  }

  /** The one that was made, if any. */
  get ownHolder(): Holder | undefined {
    return this.#holder;
  }

  [Symbol.dispose](): void {
    this.#holder?.[Symbol.dispose]();
    this.#holder = undefined;
    this.sequence[Symbol.dispose]();
  }
}
