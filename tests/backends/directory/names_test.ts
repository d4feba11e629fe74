import fc from "fast-check";
import {
  delayedPath,
  donePath,
  dueFrom,
  edgePath,
  idOfKey,
  keyOf,
  keyOfId,
  leasedName,
  movingName,
  pageOf,
  readDelayed,
  readDone,
  readKey,
  readLeased,
  readMoving,
  readyDirectory,
  seqOfKey,
  uniqueKeyPath,
} from "../../../src/backends/directory/names.ts";
import { MAX_PRIORITY } from "../../../src/core/job.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const seq = fc.integer({ min: 1, max: 999_999_999_999 });
const ms = fc.integer({ min: 0, max: 4_000_000_000_000 });
const TOKEN = "0123456789";

test("a name tells what was put into it", () => {
  fc.assert(fc.property(seq, ms, ms, (number, at, span) => {
    const key = keyOf(number, "abc123");
    assertEquals([idOfKey(key), keyOfId(idOfKey(key)), seqOfKey(key)], [`${number}-abc123`, key, number]);
    assertEquals(readKey(key), { seq: number, suffix: "abc123" });
    assertEquals(readDelayed(nameOf(delayedPath(key, at, span))), { key, due: at, waitMs: span });
    const lease = { key, token: TOKEN, until: at, waitMs: span };
    assertEquals(readLeased(leasedName(lease)), lease);
    assertEquals(readMoving(movingName(key, TOKEN, at)), { key, since: at });
    const done = { key, finishedAt: at, durationMs: span };
    assertEquals(readDone(nameOf(donePath("failed", done))), done);
    assertEquals(readDone(nameOf(donePath("failed", { key, finishedAt: at })))?.durationMs, undefined);
  }));
});

test("no name of one kind is read as one of another", () => {
  const key = keyOf(7, "abc123");
  const names = [
    key,
    nameOf(delayedPath(key, 1, 2)),
    leasedName({ key, token: TOKEN, until: 1, waitMs: 2 }),
    movingName(key, TOKEN, 1),
    "life",
    "renewals",
    `stop.${key}.${TOKEN}`,
    "",
    "..",
  ];
  const readers = [readKey, readLeased, readMoving];
  for (const reader of readers) {
    assertEquals(names.filter((name) => reader(name) !== undefined).length, 1, reader.name);
  }
});

test("names sort as jobs are to be leased: by priority, then as they were pushed", () => {
  const priority = fc.integer({ min: -MAX_PRIORITY, max: MAX_PRIORITY });
  fc.assert(fc.property(seq, seq, priority, priority, (a, b, high, low) => {
    const place = (number: number, urgency: number) => {
      const key = keyOf(number, "abc123");
      return `${readyDirectory(key, urgency)}/${key}`;
    };
    const isBefore = high > low || (high === low && a < b);
    if (a === b && high === low) return;
    assertEquals(place(a, high) < place(b, low), isBefore);
  }));
});

test("delayed jobs lie in the order of their times, in directories that tell from when on", () => {
  fc.assert(fc.property(ms, ms, (a, b) => {
    const [pathA, pathB] = [a, b].map((due) =>
      delayedPath(keyOf(1, "x"), due, 0).split("/").slice(1, 3).join("/")
    );
    if (a <= b) assert((pathA ?? "") <= (pathB ?? ""));
    assert(dueFrom(pathA ?? "") <= a && a < dueFrom(pathA ?? "") + 1_024);
    assert(dueFrom((pathA ?? "").split("/")[0] ?? "") <= a);
  }));
});

test("no directory gets many entries, whatever is in the queue", () => {
  const perPage = new Map<string, number>();
  const pagesPerGroup = new Map<string, Set<string>>();
  for (let number = 0; number < 200_000; number++) {
    const page = pageOf(keyOf(number, "x"));
    perPage.set(page, (perPage.get(page) ?? 0) + 1);
    const group = page.split("/")[0] ?? "";
    pagesPerGroup.set(group, (pagesPerGroup.get(group) ?? new Set()).add(page));
  }
  assertEquals(Math.max(...perPage.values()), 128);
  assertEquals(Math.max(...Array.from(pagesPerGroup.values(), ({ size }) => size)), 512);
  const priorities = Array.from(
    { length: 300_000 },
    (_, index) => Math.max(-MAX_PRIORITY, MAX_PRIORITY - 7 * index),
  )
    .map((priority) => readyDirectory(keyOf(1, "x"), priority).split("/"));
  assertEquals(new Set(priorities.map(([, high]) => high)).size, 2_001);
  assertEquals(new Set(priorities.map(([, , low]) => low)).size, 1_000);
});

test("what people call a job's key never leads out of its directory, and different keys have different files", () => {
  const keys = [
    "..",
    ".",
    "a/b",
    "/etc/passwd",
    "a",
    "A",
    "a.b",
    "ä",
    "x".repeat(200),
    `${"x".repeat(199)}y`,
    "%2F",
    "\\",
    "k",
  ];
  const paths = keys.map(uniqueKeyPath);
  assertEquals(new Set(paths).size, keys.length);
  for (const path of paths) {
    assert(path.split("/").every((part) => /^[^./][^/]{0,199}$/.test(part)), path);
  }
});

test("ids that are none have no key", () => {
  for (
    const id of ["", "1", "x-abc", "1-", "../1-abc", "1-abc/..", "1-ABC", "0x1-abc", `${"9".repeat(16)}-abc`]
  ) {
    assertEquals(keyOfId(id), undefined, id);
  }
});

test("an edge lies below its parent", () => {
  const [parent, child] = [keyOf(5, "a"), keyOf(1_000, "b")];
  assert(edgePath(parent, child).startsWith(`children/${pageOf(parent)}/${parent}/`));
  assert(edgePath(parent, child).endsWith(`/${child}`));
});

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
