/** What commands can no longer do once they have given up what they do not need, tried by processes of their own. */
import { assertEquals } from "../support/assert.ts";
import { ALL_RIGHTS, ended, LIMITED_RIGHTS, spawnScript } from "../support/rights.ts";
import { test } from "../support/testing.ts";

const NETWORK = ["fetch", "listen", "loopback", "network", "unixSocket", "webSocket"];
const ALWAYS = ["ffi", "remoteImport"];
const PROGRAMS = ["program", "shell"];
const SYSTEM = ["hostname", "uid"];
/** A socket in the file system is a file that is written to. */
const WRITE = ["unixSocket", "write"];

const STARTS = { "started with all rights": ALL_RIGHTS, "as it is built": LIMITED_RIGHTS };
/** What the set that jobq is built with refuses to every command. */
const NEVER_AS_BUILT = [
  ...ALWAYS,
  ...["fetch", "listen", "network", "unixSocket", "webSocket"],
  "program",
  "uid",
];

interface Tried {
  readonly refused: readonly string[];
  readonly allowed: readonly string[];
}

async function tryAll(
  rights: readonly string[],
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Tried> {
  const noQueue = { JOBQ: "", JOBQ_STORAGE_QUEUE: "", JOBQ_CONNECTION_STRING: "" };
  const { stdout, stderr } = await ended(
    spawnScript("rights_trier.ts", { rights, args, env: { ...noQueue, ...env } }),
  );
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

/** Commands, and what each is refused though it was given all rights at its start. */
const REFUSED: readonly (readonly [title: string, args: readonly string[], refused: readonly string[]])[] = [
  ["push on a file", ["push", "jobs.db"], [...ALWAYS, ...NETWORK, ...PROGRAMS, ...SYSTEM]],
  ["push on the default queue", ["push", ""], [...ALWAYS, ...NETWORK, ...PROGRAMS, ...SYSTEM]],
  ["list on a directory", ["list", "./queue"], [...ALWAYS, ...NETWORK, ...PROGRAMS, ...SYSTEM]],
  ["run on a directory", ["run", "./queue"], [...ALWAYS, ...NETWORK, ...PROGRAMS, ...SYSTEM]],
  ["a worker on a file", ["worker", "jobs.db"], [...ALWAYS, ...NETWORK]],
  ["a worker on a directory", ["worker", "./queue"], [...ALWAYS, ...NETWORK]],
  ["run on a file", ["run", "jobs.db"], [...ALWAYS, ...NETWORK]],
  ["a worker that may upload directories", ["worker", "jobs.db", "bgDirsyncNet"], ALWAYS],
  ["push over SSH", ["push", "ssh://host/jobs.db"], [...ALWAYS, ...NETWORK, ...SYSTEM]],
  ["a worker over SSH", ["worker", "ssh://host/jobs.db"], [...ALWAYS, ...NETWORK]],
  ["push on Azure", ["push", "account/queue"], ALWAYS],
  ["push on Azure with a secret", ["push", "account/queue", "connStr"], [...ALWAYS, ...PROGRAMS, ...WRITE]],
  ["push on Service Bus with a SAS", ["push", "sb://name/queue", "sas"], [...ALWAYS, ...PROGRAMS, ...WRITE]],
  ["a worker on Azure with a secret", ["worker", "account/queue", "sas"], ALWAYS],
  ["doctor", ["doctor", ""], [...ALWAYS, ...NETWORK, ...SYSTEM]],
  ["doctor's second process", ["doctor __helper", ""], [...ALWAYS, ...NETWORK, ...PROGRAMS, ...SYSTEM]],
  ["completions", ["completions", ""], [...ALWAYS, ...NETWORK, ...PROGRAMS, ...SYSTEM, "write"]],
  ["a command with a wrong address", ["push", "sb://"], [
    ...ALWAYS,
    ...NETWORK,
    ...PROGRAMS,
    ...SYSTEM,
    "write",
  ]],
];

for (const [title, args, refused] of REFUSED) {
  for (const [start, rights] of Object.entries(STARTS)) {
    test(`${title}, ${start}, can do what it needs and nothing else`, async () => {
      const never = rights === LIMITED_RIGHTS ? NEVER_AS_BUILT : [];
      assertEquals((await tryAll(rights, args)).refused, [...new Set([...refused, ...never])].toSorted());
    });
  }
}

test("as it is built, jobq has no right to other hosts, other programs, libraries and modules from elsewhere", async () => {
  const { refused, allowed } = await tryAll(LIMITED_RIGHTS, []);
  assertEquals(refused, NEVER_AS_BUILT.toSorted());
  assertEquals(allowed, ["hostname", "loopback", "read", "shell", "write"]);
});

test("a connection string in the environment is a secret with which no program needs to be run", async () => {
  const { refused } = await tryAll(ALL_RIGHTS, ["push", "account/queue"], { JOBQ_CONNECTION_STRING: "x" });
  assertEquals(refused, [...ALWAYS, ...PROGRAMS, ...WRITE].toSorted());
});

test("the queue of the environment decides, too", async () => {
  const { refused } = await tryAll(ALL_RIGHTS, ["worker", ""], { JOBQ: "account/queue" });
  assertEquals(refused, ALWAYS);
});
