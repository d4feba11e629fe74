import { type FinishedState, MAX_PRIORITY } from "../../core/job.ts";
import { parseJobId } from "../numbered_id.ts";

/*
 * Where the files of jobs are. A job's file is named by its key, which sorts as the jobs were pushed, and lies in a page
 * of at most 128 jobs; at most 512 pages lie in a group. So no directory grows with the number of jobs.
 *
 *   ready/<priority>/<group>/<page>/<key>                     waits for a worker
 *   delayed/<time>/<page>/<key>.<due>.<wait>                  waits for its time
 *   blocked/<group>/<page>/<key>                              waits for other jobs
 *   held/<holder>/<key>.<token>.<until>.<wait>                is run by a worker
 *   held/<holder>/<key>.move.<token>.<since>                          is on its way from one place to another
 *   done/<state>/<group>/<page>/<key>.<finished>.<duration>   has come to its end
 *
 * Times and spans are in ms, to the base of 36.
 */

/** The name of a job among others. */
export type Key = string;

const PAGE = 128;
const PAGES = 512;
const BASE = 36;
/** Delayed jobs that share a directory are due within this time, in ms; and as many of these directories share one. */
const SLOT_MS = 1_024;
const SLOTS = 1_024;

const KEY = /^(\d{15})-([0-9a-z]+)$/;
const DELAYED = /^(\d{15}-[0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]+)$/;
const LEASED = /^(\d{15}-[0-9a-z]+)\.([0-9a-z]{10})\.([0-9a-z]+)\.([0-9a-z]+)$/;
const MOVING = /^(\d{15}-[0-9a-z]+)\.move\.[0-9a-z]{10}\.([0-9a-z]+)$/;
const DONE = /^(\d{15}-[0-9a-z]+)\.([0-9a-z]+)\.([0-9a-z]*)$/;

export function keyOf(seq: number, suffix: string): Key {
  return `${String(seq).padStart(15, "0")}-${suffix}`;
}

/** Undefined for what is no id of such a queue. */
export function keyOfId(id: string): Key | undefined {
  const parts = parseJobId(id);
  return parts && keyOf(parts.seq, parts.suffix);
}

/** Undefined for what is no key. */
export function readKey(name: string): { seq: number; suffix: string } | undefined {
  const [, seq, suffix] = KEY.exec(name) ?? [];
  return seq === undefined || suffix === undefined ? undefined : { seq: Number(seq), suffix };
}

export function idOfKey(key: Key): string {
  return key.replace(/^0+(?=\d)/, "");
}

export function seqOfKey(key: Key): number {
  return Number(key.slice(0, 15));
}

/** `<group>/<page>` of a job. */
export function pageOf(key: Key): string {
  const page = Math.floor(seqOfKey(key) / PAGE);
  return `${pad(Math.floor(page / PAGES), 10)}/${pad(page % PAGES, 3)}`;
}

/** `<priority>` of a job: two directories, so that no more than 2,001 are in one whatever priorities there are. */
export function priorityPath(priority: number): string {
  const place = MAX_PRIORITY - priority;
  return `${pad(Math.floor(place / 1_000), 4)}/${pad(place % 1_000, 3)}`;
}

export function readyDirectory(key: Key, priority: number): string {
  return `ready/${priorityPath(priority)}/${pageOf(key)}`;
}

export function blockedDirectory(key: Key): string {
  return `blocked/${pageOf(key)}`;
}

export function delayedPath(key: Key, due: number, waitMs: number): string {
  const slot = Math.floor(due / SLOT_MS);
  const time = `${pad(Math.floor(slot / SLOTS), 10)}/${pad(slot % SLOTS, 4)}`;
  const page = pad(Math.floor(seqOfKey(key) / PAGE), 13);
  return `delayed/${time}/${page}/${key}.${encode(due)}.${encode(waitMs)}`;
}

export interface DelayedName {
  readonly key: Key;
  readonly due: number;
  readonly waitMs: number;
}

export function readDelayed(name: string): DelayedName | undefined {
  const [, key, due, waitMs] = DELAYED.exec(name) ?? [];
  if (key === undefined || due === undefined || waitMs === undefined) return undefined;
  return { key, due: decode(due), waitMs: decode(waitMs) };
}

export interface LeasedName {
  readonly key: Key;
  readonly token: string;
  /** When the lease ends unless it was renewed. */
  readonly until: number;
  readonly waitMs: number;
}

export function leasedName({ key, token, until, waitMs }: LeasedName): string {
  return `${key}.${token}.${encode(until)}.${encode(waitMs)}`;
}

export function readLeased(name: string): LeasedName | undefined {
  const [, key, token, until, waitMs] = LEASED.exec(name) ?? [];
  if (key === undefined || token === undefined || until === undefined || waitMs === undefined) {
    return undefined;
  }
  return { key, token, until: decode(until), waitMs: decode(waitMs) };
}

/** @param since when it was taken, ms since the epoch */
export function movingName(key: Key, token: string, since: number): string {
  return `${key}.move.${token}.${encode(since)}`;
}

export function readMoving(name: string): { key: Key; since: number } | undefined {
  const [, key, since] = MOVING.exec(name) ?? [];
  return key === undefined || since === undefined ? undefined : { key, since: decode(since) };
}

/** The time from which on jobs of a directory of `delayed` can be due, by its path below that, which may be cut short. */
export function dueFrom(path: string): number {
  const [high = "0", low = "0"] = path.split("/");
  return (Number(high) * SLOTS + Number(low)) * SLOT_MS;
}

export interface DoneName {
  readonly key: Key;
  readonly finishedAt: number;
  /** Of its last execution, in ms; undefined when there was none. */
  readonly durationMs?: number;
}

export function donePath(state: FinishedState, { key, finishedAt, durationMs }: DoneName): string {
  const duration = durationMs === undefined ? "" : encode(durationMs);
  return `done/${state}/${pageOf(key)}/${key}.${encode(finishedAt)}.${duration}`;
}

export function readDone(name: string): DoneName | undefined {
  const [, key, finishedAt, duration] = DONE.exec(name) ?? [];
  if (key === undefined || finishedAt === undefined) return undefined;
  return { key, finishedAt: decode(finishedAt), durationMs: duration ? decode(duration) : undefined };
}

/** Where it is written which jobs wait for this one. */
export function childrenDirectory(parent: Key): string {
  return `children/${pageOf(parent)}/${parent}`;
}

/** An empty file that says that `child` waits, or waited, for `parent`. */
export function edgePath(parent: Key, child: Key): string {
  return `${childrenDirectory(parent)}/${pad(Math.floor(seqOfKey(child) / PAGE), 13)}/${child}`;
}

/** Where it is written which job has a key. A key may have characters that no name can have, and more of them. */
export function uniqueKeyPath(key: string): string {
  let bucket = 0;
  for (const char of key) bucket = (bucket * 31 + (char.codePointAt(0) ?? 0)) % 256;
  const parts = encodeURIComponent(key.toWellFormed()).match(/.{1,120}/g) ?? [];
  return `keys/${pad(bucket, 3)}/${
    parts.map((part, index) => index < parts.length - 1 ? `d${part}` : `k${part}`).join("/")
  }`;
}

/** A result that is too large for the job's own file. */
export function resultPath(key: Key, token: string): string {
  return `results/${pageOf(key)}/${key}.${token}.json`;
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, "0");
}

function encode(ms: number): string {
  return Math.max(0, Math.round(ms)).toString(BASE);
}

function decode(text: string): number {
  return parseInt(text, BASE);
}
