import {
  counterFlag,
  type Flags,
  negatableFlag,
  repeatedFlag,
  switchFlag,
  valueFlag,
} from "../../src/cli/flag.ts";
import { parseCount } from "../../src/cli/options.ts";
import { closest, parseArgs } from "../../src/cli/parse_args.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const text = (value: string) => value;

const FLAGS = {
  command: repeatedFlag(text, { alias: "c", placeholder: "CMD", brief: "" }),
  name: valueFlag(text, { placeholder: "NAME", brief: "" }),
  numWorkers: valueFlag((value) => parseCount(value, 1), {
    alias: "n",
    placeholder: "N",
    default: "7",
    brief: "",
  }),
  verbose: counterFlag({ alias: "v", brief: "" }),
  yes: switchFlag({ alias: "y", brief: "" }),
  heartbeat: negatableFlag({ alias: "b", brief: "", default: true }),
} satisfies Flags;

const refusal = (...words: string[]) => assertThrows(() => parseArgs(FLAGS, words), UsageError);

test("parseArgs() gives an option that is absent its default", () => {
  assertEquals(parseArgs(FLAGS, []), {
    values: { command: [], name: undefined, numWorkers: 7, verbose: 0, yes: false, heartbeat: true },
    positionals: [],
    help: false,
  });
});

const SAME: readonly (readonly string[])[] = [
  ["--num-workers", "3"],
  ["--num-workers=3"],
  ["-n", "3"],
  ["-n3"],
  ["-n=3"],
];
for (const words of SAME) {
  test(`parseArgs() reads ${words.join(" ")}`, () => {
    assertEquals(parseArgs(FLAGS, words).values.numWorkers, 3);
  });
}

test("parseArgs() takes the word after an option as its value though it begins with a dash", () => {
  assertEquals(parseArgs(FLAGS, ["-c", "-x", "-c", "--yes", "-c", "--help"]).values.command, [
    "-x",
    "--yes",
    "--help",
  ]);
});

test("parseArgs() keeps what comes after the first = of a value", () => {
  assertEquals(parseArgs(FLAGS, ["--name=a=b"]).values.name, "a=b");
});

test("parseArgs() takes an empty value", () => {
  assertEquals(parseArgs(FLAGS, ["--name="]).values.name, "");
});

test("parseArgs() takes one-letter options apart, the last of them with a value", () => {
  const { verbose, yes, numWorkers } = parseArgs(FLAGS, ["-vyvn2"]).values;
  assertEquals({ verbose, yes, numWorkers }, { verbose: 2, yes: true, numWorkers: 2 });
});

const SWITCHES: readonly (readonly [words: readonly string[], value: boolean])[] = [
  [["--heartbeat"], true],
  [["--no-heartbeat"], false],
  [["--no-heartbeat", "--heartbeat"], true],
  [["--heartbeat", "--no-heartbeat"], false],
  [["--no-heartbeat", "-b"], true],
];
for (const [words, value] of SWITCHES) {
  test(`parseArgs() reads ${words.join(" ")} as ${value}`, () => {
    assertEquals(parseArgs(FLAGS, words).values.heartbeat, value);
  });
}

test("negatableFlag() may be off unless it is given", () => {
  const flags = { heartbeat: negatableFlag({ brief: "", default: false }) };
  const values = [[], ["--heartbeat"], ["--no-heartbeat"]].map((words) =>
    parseArgs(flags, words).values.heartbeat
  );
  assertEquals(values, [false, true, false]);
});

test("parseArgs() knows the opposite only of options that have one", () => {
  assertMatch(refusal("--no-yes").message, /Cannot use "--no-yes": there is no such option/);
});

test("parseArgs() refuses a value for the opposite of an option", () => {
  const { message, hint } = refusal("--no-heartbeat=1");
  assertEquals([message, hint], [
    'Cannot use "1" for --no-heartbeat: it takes no value',
    "write --no-heartbeat",
  ]);
});

test("parseArgs() proposes the opposite of an option", () => {
  assertEquals(refusal("--no-hartbeat").hint, "did you mean --no-heartbeat?");
});

test("parseArgs() finds the words that belong to no option, wherever they stand", () => {
  assertEquals(parseArgs(FLAGS, ["a", "-y", "b", "-n", "2", "-"]).positionals, ["a", "b", "-"]);
});

for (const word of ["--help", "-h", "-vh"]) {
  test(`parseArgs() checks nothing else when ${word} is given`, () => {
    assert(parseArgs(FLAGS, ["-n", "wrong", word, "--unknown"]).help);
  });
}

test("parseArgs() refuses an option twice that can be used once", () => {
  assertEquals(refusal("--name", "a", "--name=b").message, "Cannot use --name twice");
});

test("parseArgs() refuses an option without its value, and says how it is written", () => {
  const { message, hint } = refusal("-y", "-n");
  assertEquals([message, hint], ["Cannot use -n: its value is missing", "write -n N"]);
});

test("parseArgs() refuses a value for an option that takes none", () => {
  assertMatch(refusal("--yes=no").message, /Cannot use "no" for --yes: it takes no value/);
});

test("parseArgs() names the option whose value is wrong", () => {
  assertEquals(
    refusal("-n", "0").message,
    'Cannot use "0" for --num-workers: "0" is not a whole number of at least 1',
  );
});

test("parseArgs() proposes the option that was probably meant", () => {
  const { message, hint } = refusal("--num-worker", "2");
  assertEquals([message, hint], [
    'Cannot use "--num-worker": there is no such option',
    "did you mean --num-workers?",
  ]);
});

test("parseArgs() proposes no option for a word that is like none", () => {
  assertEquals(refusal("--frobnicate").hint, "--help lists the options");
});

test("parseArgs() shows of an unknown option only its name, not its value", () => {
  assert(!refusal("--secret=hunter2").message.includes("hunter2"));
});

test("parseArgs() refuses an unknown letter among known ones", () => {
  assertMatch(refusal("-vzy").message, /"-z"/);
});

for (const count of ["", "-1", "1.5", "1e3", " 1", "x", "9007199254740993"]) {
  test(`parseCount() refuses ${JSON.stringify(count)}`, () => {
    assertMatch(assertThrows(() => parseCount(count, 0), UsageError).message, /whole number of at least 0/);
  });
}

test("closest() prefers the word with the fewest changes", () => {
  assertEquals(closest("psuh", ["pull", "push", "purge"]), "push");
});

test("closest() answers nothing when a third of the word would have to change", () => {
  assertEquals(closest("abc", ["xyz", "abxy"]), undefined);
});
