import { UsageError } from "../../src/core/errors.ts";
import type { NewJob } from "../../src/core/job.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { commandOf, FAILURE, shellJob } from "../support/jobs.ts";
import { conformanceTest, type Harness } from "./harness.ts";

const COMMANDS: Readonly<Record<string, string>> = {
  "quotes": `echo "it's" 'a "test"' \\' \`x\` $'\\n'`,
  "newlines and tabs": "echo a\n\techo b\r\necho c\n",
  "control characters": "printf '\u001b[31m\u0007\u0001\u007f'",
  "unicode": "echo ÆØÅ ß 漢字 עברית \u202e reversed \u200b \u2028 \ufeff",
  "emoji": "echo 👩‍👩‍👧‍👦 🏳️‍🌈 𝒳",
  "SQL": "'; DROP TABLE jobs; -- \" OR 1=1; DELETE FROM jobs; SELECT ?1, :name, @x, $y",
  "markup": "<job>&amp;<![CDATA[x]]></job> %00 %2e%2e/ \\u0000",
  "JSON": '{"task":{"kind":"shell","command":"rm"},"__proto__":{"x":1}}',
  "100 kB": `echo ${"x".repeat(100_000)}`,
};

/** Content that would break a careless backend. */
export function hostileContentTopic(harness: Harness): void {
  for (const [what, command] of Object.entries(COMMANDS)) {
    conformanceTest(harness, `a command with ${what} comes back unchanged`, async (it) => {
      await it.queue.enqueue([shellJob(command), shellJob("innocent")]);
      const lease = await it.next();
      assertEquals(commandOf(lease.job), command);
      await lease.ack();
      await using next = await it.next();
      assertEquals(commandOf(next.job), "innocent");
    });
  }

  conformanceTest(harness, "hostile names, directories and environments come back unchanged", async (it) => {
    const text = "'; DROP TABLE jobs; --\n\"👾\u0001";
    const job: NewJob = shellJob("true", { name: text, cwd: text, env: { "a b'\n\"👾": text } });
    await it.queue.enqueue([job]);
    await using lease = await it.next();
    const { name, cwd, env } = lease.job;
    assertEquals({ name, cwd, env }, { name: text, cwd: text, env: { "a b'\n\"👾": text } });
  });

  conformanceTest(harness, "__proto__ is a variable like any other", async (it) => {
    const env: Record<string, string> = JSON.parse('{"__proto__":"1","constructor":"2","toString":"3"}');
    await it.queue.enqueue([shellJob("true", { env })]);
    await using lease = await it.next();
    assertEquals(Object.entries(lease.job.env), Object.entries(env));
    assertEquals(Object.getPrototypeOf(lease.job.env), Object.prototype);
  });

  conformanceTest(
    harness,
    "half a surrogate pair neither stops the queue nor harms another job",
    async (it) => {
      const half = "echo \ud83d x";
      const ids = await it.queue.enqueue([shellJob(half, { name: half }), shellJob("innocent")]);
      const first = await it.next();
      assertEquals([first.job.id, commandOf(first.job).replace(/[\ud83d\ufffd]/, "?")], [ids[0], "echo ? x"]);
      await first.ack();
      await using next = await it.next();
      assertEquals(commandOf(next.job), "innocent");
    },
  );

  const REFUSED: Readonly<Record<string, NewJob>> = {
    "a NUL in a command": shellJob("echo \0"),
    "a NUL in an argument": { task: { kind: "argv", argv: ["echo", "\0"] } },
    "a NUL in a variable": shellJob("true", { env: { A: "\0" } }),
    "a NUL in a directory": shellJob("true", { cwd: "/\0" }),
    "a NUL in a name": shellJob("true", { name: "a\0b" }),
    "a variable without a name": shellJob("true", { env: { "": "1" } }),
    "a variable with = in its name": shellJob("true", { env: { "A=B": "1" } }),
    "a command that no program can be given": shellJob("x".repeat(200_000)),
    "a job over the limit": overLimit("payload", harness.capabilities.maxPayloadBytes),
    "a name over the limit": overLimit("name", harness.capabilities.maxPayloadBytes),
  };
  for (const [what, job] of Object.entries(REFUSED)) {
    conformanceTest(harness, `${what} is refused, and with it the whole batch`, async (it) => {
      await assertRejects(it.queue.enqueue([shellJob("a"), job, shellJob("b")]), UsageError);
      await it.assertCounts({});
    });
  }

  conformanceTest(harness, "a job close to the limit is kept whole", async (it) => {
    const payload = "x".repeat(harness.capabilities.maxPayloadBytes - 1_000);
    await it.queue.enqueue([{ task: { kind: "function", name: "f", payload } }]);
    await using lease = await it.next();
    assertEquals(lease.job.task, { kind: "function", name: "f", payload });
  });

  conformanceTest(harness, "a hostile result and worker's name do no harm", async (it) => {
    await it.queue.enqueue([shellJob("a"), shellJob("b")]);
    const lease = await it.queue.lease({
      leaseMs: 60_000,
      waitMs: 15_000,
      workerId: "'; DROP TABLE jobs; --\n",
    });
    await lease?.ack({ "__proto__": "'; DROP", half: "\ud83d" });
    await (await it.next()).deadLetter({
      ...FAILURE,
      message: "\ud83d\u0001'; --",
      output: "x".repeat(10_000),
    });
    await it.assertCounts({ failed: 1 });
  });
}

function overLimit(where: "payload" | "name", limit: number): NewJob {
  const text = "x".repeat(limit + 1);
  return where === "name"
    ? shellJob("true", { name: text })
    : { task: { kind: "function", name: "f", payload: text } };
}
