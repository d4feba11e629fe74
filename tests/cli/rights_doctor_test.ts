import { assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { jobq } from "../support/jobq.ts";
import { limitedJobq } from "../support/rights.ts";
import { test } from "../support/testing.ts";

interface Shown {
  readonly command: string;
  readonly queue?: string;
  readonly rights: readonly { right: string; held: boolean; only?: readonly string[]; purpose?: string }[];
}

async function shownTo(words: readonly string[]): Promise<Shown> {
  const { code, stdout, stderr } = await limitedJobq(["doctor", "rights", "--json", ...words], {
    env: { JOBQ: "", JOBQ_STORAGE_QUEUE: "", JOBQ_CONNECTION_STRING: "" },
  });
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

const heldOf = ({ rights }: Shown) => rights.filter(({ held }) => held).map(({ right }) => right);

test("doctor rights prints each right, whether it is held, and for what", async () => {
  const { code, stdout } = await limitedJobq(["doctor", "rights", "worker", "-q", "jobs.db"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^RIGHT +HELD +FOR$/m);
  assertMatch(stdout, /^write +all +queue files; jobs' logs, results and synced directories$/m);
  assertMatch(stdout, /^net +no *$/m);
  assertMatch(stdout, /^run +some +jobs, their gates, and what watches over them$/m);
  assertMatch(stdout, /^run: bash, sh, env, setsid, .*$/m);
});

test("doctor rights shows what a command keeps on the queue that is named", async () => {
  assertEquals(heldOf(await shownTo(["push"])), ["read", "write", "env"]);
  assertEquals(heldOf(await shownTo(["worker", "-q", "./dir"])), ["read", "write", "run", "env", "sys"]);
  assertEquals(heldOf(await shownTo(["dead", "list", "-q", "ssh://h/q.db"])), [
    "read",
    "write",
    "run",
    "env",
  ]);
  const azure = await shownTo(["worker", "-q", "account/queue"]);
  assertEquals([azure.command, azure.queue], ["worker", "storage-queue"]);
  assertEquals(heldOf(azure), ["read", "write", "net", "run", "env", "sys"]);
});

test("doctor rights names the hosts and programs to which a right is limited", async () => {
  const { rights } = await shownTo(["worker", "-q", "account/queue"]);
  const { net, run } = Object.fromEntries(rights.map(({ right, only = [] }) => [right, only]));
  for (
    const host of ["*.queue.core.windows.net", "*.servicebus.usgovcloudapi.net", "login.microsoftonline.com"]
  ) {
    assertEquals([host, net?.includes(host)], [host, true]);
  }
  assertEquals(run?.includes("bash"), true);
});

test("doctor rights shows rights without limits as such", async () => {
  const { stdout } = await jobq(["doctor", "rights", "worker", "-q", "account/queue", "--json"]);
  const { rights } = JSON.parse(stdout) as Shown;
  assertEquals(rights.find(({ right }) => right === "net")?.held, true);
  assertEquals(rights.some(({ only }) => only !== undefined), false);
});

for (
  const [words, message] of [
    [[], "Cannot go on: COMMAND is missing"],
    [["psh"], 'Cannot tell the rights of "psh": there is no such command\nhint: did you mean push?'],
    [["push", "more"], 'Cannot tell the rights of "push more": there is no such command'],
    [
      ["dead", "lst"],
      'Cannot tell the rights of "dead lst": there is no such command\nhint: did you mean dead list?',
    ],
  ] as const
) {
  test(`doctor rights ${words.join(" ")} is refused`, async () => {
    const { code, stderr } = await runMain(["doctor", "rights", ...words]);
    assertEquals([code, stderr.startsWith(`error: ${message}`)], [2, true], stderr);
  });
}

test("doctor takes one directory", async () => {
  const { code, stderr } = await runMain(["doctor", "./a", "./b"]);
  assertEquals([code, stderr.split("\n")[0]], [2, 'error: Cannot use "./b": nothing is expected there']);
});
