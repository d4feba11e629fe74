import { UnsupportedError } from "../../core/errors.ts";
import type { JobStore } from "../../core/job_store.ts";
import type { WorkerRegistry } from "../../core/workers.ts";

/** What a queue service without records answers to whoever asks for them: an `UnsupportedError` each. */
export class RecordlessQueue implements JobStore {
  readonly logs = undefined;
  readonly workers: WorkerRegistry;
  readonly get: JobStore["get"];
  readonly findIds: JobStore["findIds"];
  readonly list: JobStore["list"];
  readonly position: JobStore["position"];
  readonly cancel: JobStore["cancel"];
  readonly requeue: JobStore["requeue"];
  readonly prune: JobStore["prune"];
  readonly stats: JobStore["stats"];
  readonly wait: JobStore["wait"];

  /** @param name the queue's address @param service as people call it: "Azure Storage Queue" */
  constructor(name: string, service: string) {
    const refuse = (action: string, reason: string) => () =>
      Promise.reject(
        new UnsupportedError(`Cannot ${action} on "${name}": ${service} ${reason}`, {
          hint:
            "a queue in an SQLite file can, for example -q jobs.db; here size, peek and dead list tell what there is",
        }),
      );
    const noRecords = "keeps no records of single jobs";
    this.get = refuse("look at a job", noRecords);
    this.findIds = refuse("find a job", noRecords);
    this.list = refuse("list jobs", noRecords);
    this.position = refuse("find a job's place", noRecords);
    this.cancel = refuse("cancel a job", "cannot single out one of its jobs");
    this.requeue = refuse("requeue by state", `${noRecords}; jobq dead requeue brings failed jobs back`);
    this.prune = refuse("prune", noRecords);
    this.stats = refuse("tell statistics", noRecords);
    this.wait = refuse("wait for jobs", noRecords);
    const noWorkers = refuse("tell who works", "keeps no list of workers");
    this.workers = { register: noWorkers, list: noWorkers, stop: noWorkers };
  }
}
