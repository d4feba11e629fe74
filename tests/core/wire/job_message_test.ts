import { UnsupportedError } from "../../../src/core/errors.ts";
import type { NewJob } from "../../../src/core/job.ts";
import { assertCarried, decodeJobMessage, encodeJobMessage } from "../../../src/core/wire/job_message.ts";
import { decodeTaskMessage } from "../../../src/core/wire/task_message.ts";
import { WireError } from "../../../src/core/wire/wire_error.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { shellJob } from "../../support/jobs.ts";
import { test } from "../../support/testing.ts";
import { md5 } from "./md5.ts";

function encode(job: NewJob): string {
  return encodeJobMessage(job, { md5, newId: () => "a" }).text;
}

function decode(text: string) {
  return decodeJobMessage(decodeTaskMessage(text, { md5 }));
}

/** A message with these kwargs, written as JSON, and these keys at its end. */
function message(kwargs: string, more = "", numRetries = 0): string {
  return `{"version": 1, "reply_requested": false, "kwargs": ${JSON.stringify(kwargs)}, ` +
    `"num_retries": ${numRetries}, "id": "a"${more}}`;
}

/** Jobs and what their messages' kwargs and extras are. */
const ENCODED: Readonly<Record<string, { job: NewJob; kwargs: string; more?: string; numRetries?: number }>> =
  {
    "a command": { job: shellJob("x"), kwargs: '{"cmd": "x", "bg_dirsync_to": null, "env": {}}' },
    "an env, in its order": {
      job: shellJob("x", { env: { B: "2", A: "1" } }),
      kwargs: '{"cmd": "x", "bg_dirsync_to": null, "env": {"B": "2", "A": "1"}}',
    },
    "a place to synchronise to": {
      job: shellJob("x", { bgDirsyncTo: "out" }),
      kwargs: '{"cmd": "x", "bg_dirsync_to": "out", "env": {}}',
    },
    "a working directory": {
      job: shellJob("x", { cwd: "/tmp" }),
      kwargs: '{"cmd": "x", "bg_dirsync_to": null, "env": {}, "cwd": "/tmp"}',
    },
    "retries": {
      job: shellJob("x", { maxAttempts: 4 }),
      kwargs: '{"cmd": "x", "bg_dirsync_to": null, "env": {}}',
      numRetries: 3,
    },
    "all that only jobq knows": {
      job: shellJob("x", { name: "é", retryDelayMs: 0, timeoutMs: 5 }),
      kwargs: '{"cmd": "x", "bg_dirsync_to": null, "env": {}}',
      more: ', "name": "\\u00e9", "retry_delay_ms": 0, "timeout_ms": 5',
    },
    "a program": {
      job: { task: { kind: "argv", argv: ["echo", "a b", "it's"] } },
      kwargs: `{"cmd": "echo 'a b' 'it'\\\\''s'", "bg_dirsync_to": null, "env": {}}`,
      more: `, "argv": ["echo", "a b", "it's"]`,
    },
    "a function": {
      job: { task: { kind: "function", name: "f", payload: { "1": [1, 1.5, null], a: true } }, name: "n" },
      kwargs:
        `{"cmd": "echo 'jobq: this job is the function f, not a command' >&2; exit 1", "bg_dirsync_to": null, "env": {}}`,
      more: ', "name": "n", "function": {"name": "f", "payload": {"1": [1, 1.5, null], "a": true}}',
    },
    "a line of input, in its order": {
      job: shellJob("x", {
        env: { "10": "c", B: "2", NEW: "n" },
        jsonLine: '{"env": {"B": "old", "10": 1}, "cmd": "x"}',
      }),
      kwargs: '{"env": {"B": "2", "10": "c", "NEW": "n"}, "cmd": "x", "bg_dirsync_to": null}',
    },
    "a line of input with keys of jobq": {
      job: shellJob("x", { name: "n", jsonLine: '{"name": "n", "bg_dirsync_to": null, "cmd": "x"}' }),
      kwargs: '{"bg_dirsync_to": null, "cmd": "x", "env": {}}',
      more: ', "name": "n"',
    },
    "a line of input that was no object": {
      job: shellJob("x", { jsonLine: '"x"' }),
      kwargs: '{"cmd": "x", "env": {}, "bg_dirsync_to": null}',
    },
  };
for (const [what, { job, kwargs, more = "", numRetries = 0 }] of Object.entries(ENCODED)) {
  test(`the message of a job is written: ${what}`, () => {
    assertEquals(encode(job), message(kwargs, more, numRetries));
  });

  test(`the message of a job says all of it: ${what}`, () => {
    const { jsonLine: _, env = {}, maxAttempts = 1, ...said } = job;
    const known = Object.entries(decode(encode(job))).filter(([, value]) => value !== undefined);
    assertEquals(Object.fromEntries(known), { ...said, env, maxAttempts, attempts: 0 });
  });
}

test("the id is the MD5 of the message without what only jobq knows", () => {
  const plain = encodeJobMessage(shellJob("x"), { md5 });
  const named = encodeJobMessage(shellJob("x", { name: "n", timeoutMs: 1 }), { md5 });
  assertEquals([named.id, plain.text.includes(`"id": "${plain.id}"}`)], [plain.id, true]);
});

test("jobs of one function have the same id only where they are equal", () => {
  const idOf = (payload: number, more: Partial<NewJob> = {}) =>
    encodeJobMessage({ task: { kind: "function", name: "f", payload }, ...more }, { md5 }).id;
  assertEquals(idOf(1), idOf(1));
  const others = [idOf(2), idOf(1, { env: { A: "1" } }), idOf(1, { maxAttempts: 2 })];
  assertEquals(new Set([idOf(1), ...others]).size, 4);
});

test("attempts that were counted are added to the retries that are left", () => {
  for (const [retries, attempts, maxAttempts] of [[2, 3, 6], [0, 2, 3], [-5, 0, 1], [-1, 4, 5]] as const) {
    const job = decode(message('{"cmd": "x"}', `, "attempts": ${attempts}`, retries));
    assertEquals([job.attempts, job.maxAttempts], [attempts, maxAttempts]);
  }
});

test("values of an env become texts as in Python", () => {
  const env = '{"A": 1, "B": 1.50, "C": 1e5, "D": true, "E": false, "F": null, "G": 123456789012345678901}';
  assertEquals(decode(message(`{"cmd": "x", "env": ${env}}`)).env, {
    A: "1",
    B: "1.5",
    C: "100000.0",
    D: "True",
    E: "False",
    F: "None",
    G: "123456789012345678901",
  });
});

test("an env may have keys that mean something to JavaScript", () => {
  const { env } = decode(message('{"cmd": "x", "env": {"__proto__": "a", "constructor": "b", "1": "c"}}'));
  assertEquals(Object.entries(env), [["1", "c"], ["__proto__", "a"], ["constructor", "b"]]);
});

test("what Python leaves behind, and what is null, is ignored", () => {
  const { env, cwd, bgDirsyncTo, name } = decode(
    message(
      '{"cmd": "x", "env": null, "cwd": null, "bg_dirsync_to": null, "_job_id": 1, "_worker_id": {}}',
      ', "name": null',
    ),
  );
  assertEquals([env, cwd, bgDirsyncTo, name], [{}, undefined, undefined, undefined]);
});

test("arguments that are not those of the command are another's", () => {
  for (const argv of ['["echo", "b"]', '["echo a"]', '["echo", 1]', '"echo a"', "null"]) {
    const { task } = decode(message('{"cmd": "echo a"}', `, "argv": ${argv}`));
    assertEquals(task, { kind: "shell", command: "echo a" });
  }
});

test("a job with a gate is a message of version 2, and the id is of its gate, too", () => {
  const ids = ["test -e /a", "test -e /b", undefined].map((gateCmd) => {
    const { id, text } = encodeJobMessage(shellJob("x", { gateCmd }), { md5 });
    const { version, gateCommand } = decodeTaskMessage(text, { md5 });
    assertEquals([version, gateCommand], [gateCmd === undefined ? 1 : 2, gateCmd]);
    return id;
  });
  assertEquals(new Set(ids).size, 3);
});

test("functions with different gates have different ids", () => {
  const ids = ["a", "b"].map((gateCmd) =>
    encodeJobMessage({ task: { kind: "function", name: "f", payload: 1 }, gateCmd }, { md5 }).id
  );
  assertEquals(new Set(ids).size, 2);
});

test("an empty gate and an empty place to synchronise to are none", () => {
  const text = message('{"cmd": "x", "bg_dirsync_to": ""}', ', "gate_cmd": ""').replace(": 1", ": 2");
  const { gateCmd, bgDirsyncTo } = decode(text);
  assertEquals([gateCmd, bgDirsyncTo], [undefined, undefined]);
});

test("that a place to synchronise to may be made stands beside the kwargs", () => {
  const text = encode(shellJob("x", { bgDirsyncTo: "/a", bgDirsyncCreate: true }));
  assertEquals(decode(text).bgDirsyncCreate, true);
  assert(text.endsWith(', "bg_dirsync_create": true}'), text);
});

test("a gate is told", () => {
  const gated = message('{"cmd": "x"}', ', "gate_cmd": "true"').replace('"version": 1', '"version": 2');
  assertEquals(decode(gated).gateCmd, "true");
});

const REFUSED: Readonly<Record<string, { text: string; reason: RegExp }>> = {
  "no command": { text: message("{}"), reason: /no "cmd" text/ },
  "a command that is no text": { text: message('{"cmd": ["x"]}'), reason: /no "cmd" text/ },
  "a key of other work": {
    text: message('{"cmd": "x", "callback": "y"}'),
    reason: /a key other than cmd, env, cwd/,
  },
  "an env that is a list": { text: message('{"cmd": "x", "env": []}'), reason: /"env" is not an object/ },
  "an env with an object in it": {
    text: message('{"cmd": "x", "env": {"A": {}}}'),
    reason: /value of its "env"/,
  },
  "a directory that is no text": { text: message('{"cmd": "x", "cwd": 1}'), reason: /"cwd" is not a text/ },
  "a name that is no text": { text: message('{"cmd": "x"}', ', "name": 1'), reason: /"name" is not a text/ },
  "negative attempts": {
    text: message('{"cmd": "x"}', ', "attempts": -1'),
    reason: /"attempts" is not a whole/,
  },
  "a time limit that is no number": {
    text: message('{"cmd": "x"}', ', "timeout_ms": "5"'),
    reason: /"timeout_ms" is not a whole/,
  },
};
for (const [what, { text, reason }] of Object.entries(REFUSED)) {
  test(`no job is made of a message with ${what}, whose content is not told`, () => {
    const { message: said } = assertThrows(() => decode(text), WireError);
    assertMatch(said, reason);
    assert(!said.includes("callback"));
  });
}

test("what the services cannot do is refused, and who can is named", () => {
  const jobs: Readonly<Record<string, Partial<NewJob>>> = {
    "let jobs wait for other jobs (after)": { after: [{ job: "x" }] },
    "tell jobs apart by a key": { key: "k" },
    "give jobs a priority": { priority: -1 },
  };
  for (const [what, more] of Object.entries(jobs)) {
    const error = assertThrows(() => assertCarried(shellJob("x", more), "The queues"), UnsupportedError);
    assertEquals(error.message, `Cannot push the job: The queues cannot ${what}`);
  }
  assertCarried(shellJob("x", { after: [], priority: 0, delayMs: 5 }), "The queues");
});
