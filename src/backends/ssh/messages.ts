import type { Failure } from "../../core/failure.ts";
import type { NewRefusal } from "../../core/gate.ts";
import type { Job, JobId, JsonValue, NewJob } from "../../core/job.ts";
import type {
  CancelResult,
  JobDetails,
  JobRecord,
  ListOptions,
  PruneOptions,
  PruneResult,
  RequeueResult,
  RequeueSelection,
  Stats,
  WaitOptions,
  WaitResult,
} from "../../core/job_store.ts";
import type {
  Capabilities,
  Counts,
  DeadLetter,
  DeadLetterSelection,
  LeaseOptions,
  ParentResults,
} from "../../core/queue.ts";
import type { StopRequest, WorkerInfo, WorkerSelf } from "../../core/workers.ts";
import type { WireError } from "./remote_errors.ts";
import type { WireNumbers } from "./wire_numbers.ts";

/** Grows when the two sides would not understand each other any more. */
export const PROTOCOL = 3;

/** What a server says first. */
export interface Hello {
  /** By which the line is recognised among what a login shell may print. */
  readonly jobq: "hello";
  readonly protocol: number;
  /** Of the jobq over there. */
  readonly version: string;
  /** Why there is nothing to talk to; then the rest is missing. */
  readonly error?: WireError;
  readonly queue?: HelloQueue;
}

/** What a queue is, as far as those who use it ask. */
export interface HelloQueue {
  /** As it is called over there. */
  readonly name: string;
  readonly capabilities: WireNumbers<Capabilities>;
  readonly leasesMany: boolean;
  readonly resumes: boolean;
  /** Where people find the output of jobs; absent where it is not kept. */
  readonly logs?: string;
}

/** Asks for something; answers may come in any order. */
export interface Request {
  readonly id: number;
  readonly method: MethodName;
  readonly params: unknown;
}

/** Nobody waits for the answer of this request any more; it is answered all the same. */
export interface Abort {
  readonly abort: number;
}

export interface Ping {
  readonly ping: number;
}

/** What a client says. */
export type ClientMessage = Request | Abort | Ping;

/** What came of a request; without a result when that is undefined. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: WireError;
  /** It was given up, as was asked for. */
  readonly aborted?: true;
}

/** News of a lease, or of a log that is written. */
export type Event =
  | { readonly event: "lost" | "cancelled"; readonly topic: LeaseTopic }
  | { readonly event: "problem"; readonly topic: LogTopic; readonly reason: string };

export type LeaseTopic = `lease ${number}`;
export type LogTopic = `log ${number}`;

export interface Pong {
  readonly pong: number;
}

/** What a server says after its hello. */
export type ServerMessage = Answer | Event | Pong;

/** A lease, for those who hold it on the other side of a connection. */
export interface WireLease {
  /** Names it on this connection. */
  readonly lease: number;
  readonly job: Job;
  /**
   * When it ends, in ms since its request came: what the clocks of two hosts say is never compared, and whoever adds
   * this to when the request was sent never takes the lease for longer than it is.
   */
  readonly endsAfterMs: number;
  readonly ticket?: string;
}

/** What a push has come to; jobs that were skipped are told of even when it failed. */
export interface PushAnswer {
  readonly ids?: readonly JobId[];
  readonly error?: WireError;
  /** Indexes of jobs, with the id of the job that has their key. */
  readonly skipped: readonly (readonly [index: number, id: JobId])[];
}

type Plain<Options> = WireNumbers<Omit<Options, "signal">>;
type OfLease<Params = unknown> = { readonly lease: number } & Params;
type OfExecution<Params> = { readonly job: JobId; readonly execution: number } & Params;

/** All that can be asked for: the parameters of each request, and what its answer holds. */
export interface Methods {
  "enqueue": (params: { jobs: readonly NewJob[]; concurrency?: number }) => PushAnswer;
  "lease": (params: Plain<LeaseOptions>) => WireLease | undefined;
  "leaseMany": (params: Plain<LeaseOptions & { max: number }>) => readonly WireLease[];
  "resume": (params: { ticket: string }) => WireLease;
  /** The lease has arrived: without this it is given back, so nothing may be done under it before the answer is there. */
  "lease.confirm": (params: OfLease) => void;
  "peek": (params: WireNumbers<{ limit: number }>) => readonly Job[];
  "counts": (params: Nothing) => Counts;
  "purge": (params: Nothing) => number;
  "get": (params: { job: JobId }) => JobDetails | undefined;
  "findIds": (params: WireNumbers<{ text: string; limit: number }>) => readonly JobId[];
  "list": (params: Plain<ListOptions>) => readonly JobRecord[];
  "position": (params: { job: JobId }) => number | undefined;
  "cancel": (params: { jobs: readonly JobId[]; reason?: string }) => CancelResult;
  "requeue": (params: { which: RequeueSelection }) => RequeueResult;
  "prune": (params: Plain<PruneOptions>) => PruneResult;
  "stats": (params: Nothing) => Stats;
  "wait": (params: { which: readonly JobId[] | "all" } & Plain<WaitOptions>) => WaitResult;
  "dead.list": (params: WireNumbers<{ limit?: number }>) => readonly DeadLetter[];
  "dead.requeue": (params: { which: DeadLetterSelection }) => number;
  "dead.purge": (params: { which: DeadLetterSelection }) => number;
  "lease.parentResults": (params: OfLease) => ParentResults;
  /** Answers when the lease ends then, as `WireLease.endsAfterMs`. */
  "lease.renew": (params: OfLease<WireNumbers<{ leaseMs: number }>>) => number;
  "lease.ack": (params: OfLease<{ result?: JsonValue; output?: string; warning?: string }>) => void;
  "lease.retry": (params: OfLease<WireNumbers<{ delayMs: number }> & { failure: Failure }>) => void;
  "lease.release": (params: OfLease<WireNumbers<{ delayMs: number }> & { output?: string }>) => void;
  "lease.refuse": (params: OfLease<WireNumbers<{ delayMs: number }> & { refusal: NewRefusal }>) => void;
  "lease.cancel": (params: OfLease<{ output?: string }>) => void;
  "lease.deadLetter": (params: OfLease<{ failure: Failure }>) => void;
  /** With `again`, answers how the worker was asked to leave before. */
  "workers.register": (
    params: { presence: number; self: WorkerSelf; again: boolean },
  ) => StopRequest | undefined;
  "workers.report": (params: { presence: number }) => StopRequest | undefined;
  "workers.leave": (params: { presence: number }) => void;
  "workers.list": (params: Nothing) => readonly WorkerInfo[];
  "workers.stop": (params: { worker: string; request: StopRequest }) => boolean;
  "logs.open": (params: OfExecution<WireNumbers<{ log: number; maxBytes: number }>>) => void;
  /** The bytes are in base 64, here and in what is read. */
  "logs.write": (params: { log: number; bytes: string }) => void;
  "logs.close": (params: { log: number }) => void;
  "logs.read": (params: OfExecution<{ from: number }>) => { readonly bytes: string; readonly from: number };
}

export type Nothing = Readonly<Record<never, never>>;
export type MethodName = keyof Methods;
export type Params<Name extends MethodName> = Parameters<Methods[Name]>[0];
export type Result<Name extends MethodName> = ReturnType<Methods[Name]>;
