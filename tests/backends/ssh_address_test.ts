import { UsageError } from "../../src/core/errors.ts";
import { type Address, formatAddress, parseAddress } from "../../src/backends/address.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

type Parts = Omit<Extract<Address, { kind: "ssh" }>, "kind" | "shown">;

/** HOME is of no use for a path on another host. */
const env = () => undefined;

/** What was read, without what is not there. */
function partsOf(text: string): Partial<Parts> {
  const address = parseAddress(text, env);
  assert(address.kind === "ssh");
  const { kind: _, shown: _shown, ...parts } = address;
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

const file = (path: string, queue = "default") =>
  ({ kind: "sqlite", path, queue, isDefault: false }) as const;
const directory = (path: string) => ({ kind: "directory", path }) as const;

const GOOD: Readonly<Record<string, Parts>> = {
  "ssh://login/scratch/queue": { host: "login", place: directory("/scratch/queue") },
  "ssh://login/jobs.db": { host: "login", place: file("/jobs.db") },
  "ssh://login/a/jobs.sqlite3#gpu": { host: "login", place: file("/a/jobs.sqlite3", "gpu") },
  "ssh://login/a/jobs.db/": { host: "login", place: directory("/a/jobs.db/") },
  "ssh://login/~/jobs.db": { host: "login", place: file("~/jobs.db") },
  "ssh://login/~/queue": { host: "login", place: directory("~/queue") },
  "ssh://login/~": { host: "login", place: directory("~") },
  "ssh://login/~ann/queue": { host: "login", place: directory("/~ann/queue") },
  "ssh://login/team#1/queue": { host: "login", place: directory("/team#1/queue") },
  "ssh://ann@login:2222/q": { host: "login", port: 2222, user: "ann", place: directory("/q") },
  "ssh://ann:s3cret@login/q": { host: "login", user: "ann", password: "s3cret", place: directory("/q") },
  "ssh://ann:s3@c:ret@login/q": { host: "login", user: "ann", password: "s3@c:ret", place: directory("/q") },
  "ssh://ann:%2f%40%3A%25%20@login:22/q": {
    host: "login",
    port: 22,
    user: "ann",
    password: "/@:% ",
    place: directory("/q"),
  },
  "ssh://ann:@login/q": { host: "login", user: "ann", place: directory("/q") },
  "ssh://a%40b%5Cc@login/q": { host: "login", user: "a@b\\c", place: directory("/q") },
  "ssh://[::1]/q": { host: "::1", place: directory("/q") },
  "ssh://ann@[fe80::1%25eth0]:22/q": {
    host: "fe80::1%eth0",
    port: 22,
    user: "ann",
    place: directory("/q"),
  },
  "ssh://héloïse/q": { host: "héloïse", place: directory("/q") },
  "ssh://login/a%20b/ü%3B'%22$(touch x)/jobs.db": {
    host: "login",
    place: file(`/a b/ü;'"$(touch x)/jobs.db`),
  },
  "ssh://login/a b/ü;'\"\n/jobs.db": { host: "login", place: file("/a b/ü;'\"\n/jobs.db") },
};
for (const [text, parts] of Object.entries(GOOD)) {
  test(`parseAddress() takes ${JSON.stringify(text)} apart`, () => assertEquals(partsOf(text), parts));
}

const BAD: Readonly<Record<string, string>> = {
  "ssh://@login/q": "its user is missing",
  "ssh://:s3cret@login/q": "its user is missing",
  "ssh://-oProxyCommand=x@login/q": "its user begins with a hyphen",
  "ssh://a;b@login/q": "its user has characters that no user's name has",
  "ssh://-oProxyCommand=x/q": "its host begins with a hyphen",
  "ssh://login:22:23/q": "its port is not a number from 1 to 65535",
  "ssh://login:/q": "its port is not a number from 1 to 65535",
  "ssh://login:0/q": "its port is not a number from 1 to 65535",
  "ssh://login:65536/q": "its port is not a number from 1 to 65535",
  "ssh://ann:s3cret/x@login/q": "its port is not a number from 1 to 65535",
  "ssh://$(touch x)/q": "its host is neither a name nor an address",
  "ssh://a b/q": "its host is neither a name nor an address",
  "ssh://::1/q": "it lacks a host or a path",
  "ssh://[login]/q": "its host is neither a name nor an address",
  "ssh://[::1/q": "its host is neither a name nor an address",
  "ssh://[]/q": "it lacks a host or a path",
  "ssh://login/100%/q": "its path has a % that stands for nothing",
  "ssh://ann:s3%cret@login/q": "its password has a % that stands for nothing",
  "ssh://ann:s3cret%0A@login/q": "its password has a line break or a NUL byte",
  "ssh://login/a%00b": "its path contains a NUL byte",
  "ssh://login/jobs.db#": '"" is not a queue\'s name',
  "ssh://login/jobs.db#a b": '"a b" is not a queue\'s name',
};
for (const [text, reason] of Object.entries(BAD)) {
  test(`parseAddress() refuses ${text}: ${reason}; and shows no password`, () => {
    const { message, hint } = assertThrows(() => parseAddress(text, env), UsageError);
    assert(message.includes(` as a queue: ${reason}`), message);
    assertMatch(hint ?? "", /ssh:\/\/HOST\/PATH/);
    assert(!/s3|cret/.test(message), message);
  });
}

const SHOWN: Readonly<Record<string, string>> = {
  "ssh://login/jobs.db#gpu": "ssh://login/jobs.db#gpu",
  "ssh://ann@login:22/~/a%20b": "ssh://ann@login:22/~/a%20b",
  "ssh://ann:s3cret@login:22/a@b": "ssh://ann@login:22/a@b",
  "ssh://ann:s3@cr:et@[::1]/q": "ssh://ann@[::1]/q",
};
for (const [text, shown] of Object.entries(SHOWN)) {
  test(`formatAddress() writes ${shown}, which leads to the same place`, () => {
    const address = parseAddress(text, env);
    assertEquals(formatAddress(address), shown);
    const { password: _, ...parts } = partsOf(text);
    assertEquals(partsOf(shown), parts);
  });
}
