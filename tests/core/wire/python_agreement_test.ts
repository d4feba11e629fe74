import fc from "fast-check";

import { formatDocument } from "../../../src/core/wire/format_document.ts";
import { isJsonObject } from "../../../src/core/wire/json_document.ts";
import { JsonSyntaxError, parseDocument } from "../../../src/core/wire/parse_document.ts";
import { encodeTaskMessage } from "../../../src/core/wire/task_message.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { testWhere } from "../../support/testing.ts";
import { md5 } from "./md5.ts";
import { damagedText, documentText, objectText } from "./random_json.ts";

/** Reads and prints documents, and makes messages as ai4s-jobq does. What Python refuses is null. */
const SCRIPT = `
import hashlib, json, sys

def printed(text):
    try:
        return json.dumps(json.loads(text))
    except ValueError:
        return None

def message(task):
    data = {"version": 1 if task["gate"] is None else 2, "reply_requested": task["reply"]}
    data["kwargs"] = json.dumps(json.loads(task["kwargs"]))
    data["num_retries"] = task["retries"]
    if task["gate"] is not None:
        data["gate_cmd"] = task["gate"]
    data["id"] = hashlib.md5(json.dumps(data).encode()).hexdigest()
    return json.dumps(data)

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
print(json.dumps({"texts": [printed(text) for text in given["texts"]],
                  "tasks": [message(task) for task in given["tasks"]]}))
`;

const task = fc.record({
  kwargs: objectText,
  retries: fc.maxSafeInteger(),
  reply: fc.boolean(),
  gate: fc.option(fc.string({ unit: "binary" })),
});

interface Given {
  readonly texts: readonly string[];
  readonly tasks: readonly {
    readonly kwargs: string;
    readonly retries: number;
    readonly reply: boolean;
    readonly gate: string | null;
  }[];
}

interface Answer {
  readonly texts: readonly (string | null)[];
  readonly tasks: readonly string[];
}

const seed = Date.now() % 2 ** 31;

testWhere(hasPython(), "python3", "Python prints the same of the same documents and messages", async () => {
  const texts = [
    ...fc.sample(documentText, { seed, numRuns: 10_000 }),
    ...fc.sample(damagedText, { seed, numRuns: 5000 }),
  ];
  const tasks = fc.sample(task, { seed, numRuns: 2000 });
  const answer = await askPython({ texts, tasks });
  assertEquals(answer.texts.length, texts.length);
  for (const [index, text] of texts.entries()) {
    assertEquals(
      print(text),
      answer.texts[index],
      `seed ${seed}, document ${index}: ${formatDocument(text)}`,
    );
  }
  assert(answer.texts.slice(0, 10_000).every((text) => text !== null), `seed ${seed}`);
  assertEquals(answer.tasks.length, tasks.length);
  for (const [index, task] of tasks.entries()) {
    assertEquals(encode(task), answer.tasks[index], `seed ${seed}, task ${index}`);
  }
});

function hasPython(): boolean {
  try {
    return new Deno.Command("python3", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

async function askPython(given: Given): Promise<Answer> {
  await using dir = await TempDir.make();
  const path = dir.join("given.json");
  await Deno.writeTextFile(path, JSON.stringify(given));
  const args = ["-c", SCRIPT, path];
  const { success, stdout } = await new Deno.Command("python3", { args, stderr: "inherit" }).output();
  assert(success, `python3 failed, seed ${seed}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as Answer;
}

function print(text: string): string | null {
  try {
    return formatDocument(parseDocument(text));
  } catch (error) {
    assert(error instanceof JsonSyntaxError, `seed ${seed}: ${error}`);
    return null;
  }
}

function encode({ kwargs: text, retries, reply, gate }: Given["tasks"][number]): string {
  const kwargs = parseDocument(text);
  assert(isJsonObject(kwargs));

  return encodeTaskMessage(
    { kwargs, numRetries: retries, replyRequested: reply, gateCommand: gate ?? undefined },
    { md5 },
  ).text;
}
