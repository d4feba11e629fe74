import {
  decodeJob,
  encodeChange,
  encodePushed,
  type StoredJob,
} from "../../../src/backends/directory/job_file.ts";
import { keyOf } from "../../../src/backends/directory/names.ts";
import type { Entry, ExecutionEntry, Link } from "../../../src/backends/job_graph/entry.ts";
import { assert, assertEquals, assertExists } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const KEY = keyOf(7, "abcdef");
const [T1, T2] = ["1111111111", "2222222222"];

test("a job's file tells what was pushed and what became of it", () => {
  const entry = newEntry();
  const text = encodePushed(entry, "abcdef") + encodeChange(begun(entry, 1), { token: T1 }) +
    encodeChange(completed(entry, 1), { token: T1 });
  const { entry: read, token } = decode(text);
  assertEquals([read.state, read.attempts, read.result, read.finishedAt], ["completed", 1, { n: 1 }, 30]);
  assertEquals(read.history, [{
    number: 1,
    workerId: "w",
    startedAt: 20,
    endedAt: 30,
    outcome: "completed",
  }]);
  assertEquals([read.pushed, read.createdAt, read.id, read.seq, token], [
    entry.pushed,
    10,
    "7-abcdef",
    7,
    T1,
  ]);
});

test("a file that is cut at any length is the job as it was then, or none", () => {
  const entry = newEntry();
  const lines = [
    encodePushed(entry, "abcdef"),
    encodeChange(begun(entry, 1), { token: T1 }),
    encodeChange(completed(entry, 1), { token: T1 }),
  ];
  const states = ["pending", "running", "completed"];
  const bytes = new TextEncoder().encode(lines.join(""));
  const ends = lines.map((_, index) => new TextEncoder().encode(lines.slice(0, index + 1).join("")).length);
  for (let length = 0; length <= bytes.length; length++) {
    const whole = ends.filter((end) => end <= length).length;
    const read = decodeJob(KEY, new TextDecoder().decode(bytes.subarray(0, length)));
    // Only the end of the last line may be missing.
    const isNearly = ends.includes(length + 1) && whole > 0;
    assertEquals(read?.entry.state, states[whole - 1 + (isNearly ? 1 : 0)], `cut at ${length}`);
  }
});

test("zeros, garbage and the file of another job are no job", () => {
  const text = encodePushed(newEntry(), "abcdef");
  for (
    const wrong of [
      "",
      "\n",
      "\0".repeat(text.length),
      `garbage\n${text}`,
      "{}\n",
      "null\n",
      "[1]\n",
      text.replace('"kind":"shell"', '"kind":"other"'),
      text.replace('"jobq":1', '"jobq":2'),
      text.replace('"createdAt":10', '"createdAt":"10"'),
      text.replace('"env":{"A":"1"}', '"env":{"A":1}'),
    ]
  ) assertEquals(decodeJob(KEY, wrong), undefined, wrong);
  assertEquals(decodeJob(keyOf(7, "ghijkm"), text), undefined);
  assert(decodeJob(keyOf(8, "abcdef"), text) !== undefined);
});

test("garbage between the lines is passed over", () => {
  const entry = newEntry();
  const text = encodePushed(entry, "abcdef") + encodeChange(begun(entry, 1), { token: T1 }) +
    "\0\0\0{\n[]\nnull\n" +
    '{"state":"completed"}\n{"state":"completed","updatedAt":1,"execution":{"number":-1}}\n' +
    encodeChange(completed(entry, 1), { token: T1 });
  assertEquals(decode(text).entry.state, "completed");
});

test("what a late holder adds does not count", () => {
  const entry = newEntry();
  const late = encodeChange(completed(entry, 1), { token: T1 });
  const text = encodePushed(entry, "abcdef") + encodeChange(begun(entry, 1), { token: T1 }) +
    encodeChange(lost(entry)) + late;
  assertEquals(decode(text).entry.state, "pending");
  const again = text + encodeChange(begun(lost(entry), 2), { token: T2 }) + late;
  assertEquals([decode(again).entry.state, decode(again).token], ["running", T2]);
});

test("executions of which the lines are lost are in the history as lost", () => {
  const entry = newEntry();
  const third: Entry = { ...entry, state: "running", history: [execution(3, "running")] };
  const { history } = decode(encodePushed(entry, "abcdef") + encodeChange(third, { token: T1 })).entry;
  assertEquals(history.map(({ number, outcome }) => [number, outcome]), [[1, "lost"], [2, "lost"], [
    3,
    "running",
  ]]);
});

test("a line tells only of the parents of which there is news", () => {
  const entry: Entry = { ...newEntry(), state: "blocked", parents: links() };
  const line = encodeChange({ ...entry, parents: links("2-b") }, { satisfiedBefore: new Set() });
  assert(line.includes('"satisfied":["2-b"]') && !line.includes("1-a"));
  const back = encodeChange(entry, { satisfiedBefore: new Set(["2-b"]) });
  const text = encodePushed(entry, "abcdef") + line;
  assertEquals(decode(text).entry.parents, links("2-b"));
  assertEquals(decode(text + back).entry.parents, links());
  assertEquals(decode(text + encodeChange(entry)).entry.parents, links("2-b"));
});

function links(...satisfied: readonly string[]): Map<string, Link> {
  return new Map(
    ["1-a", "2-b", "3-c"].map((id) => [id, { when: "ok", isSatisfied: satisfied.includes(id) }]),
  );
}

function newEntry(): Entry {
  return {
    id: "7-abcdef",
    seq: 7,
    pushed: { task: { kind: "shell", command: 'echo ä\n"x"' }, env: { A: "1" }, name: "n", maxAttempts: 3 },
    createdAt: 10,
    parents: new Map(),
    history: [],
    state: "pending",
    updatedAt: 10,
    attempts: 0,
    lostLeases: 0,
    waitMs: 0,
  };
}

function execution(number: number, outcome: "running" | "completed" | "lost"): ExecutionEntry {
  const end = outcome === "running" ? {} : { endedAt: 30 };
  return { number, workerId: "w", startedAt: 20, ...end, outcome };
}

function begun(entry: Entry, number: number): Entry {
  const latest = execution(number, "running");
  return {
    ...entry,
    state: "running",
    updatedAt: 20,
    history: [...entry.history.slice(0, number - 1), latest],
    latest,
  };
}

function completed(entry: Entry, number: number): Entry {
  const latest = execution(number, "completed");
  const history = [...entry.history.slice(0, number - 1), latest];
  return {
    ...entry,
    state: "completed",
    updatedAt: 30,
    attempts: 1,
    result: { n: 1 },
    finishedAt: 30,
    history,
    latest,
  };
}

function lost(entry: Entry): Entry {
  const latest = execution(1, "lost");
  return { ...entry, state: "pending", updatedAt: 30, lostLeases: 1, history: [latest], latest };
}

function decode(text: string): StoredJob {
  return assertExists(decodeJob(KEY, text), "it is no job");
}
