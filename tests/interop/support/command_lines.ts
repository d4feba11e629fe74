import { assertEquals } from "../../support/assert.ts";

/** A push, and what its jobs do. */
export interface CommandLine {
  readonly what: string;
  readonly args: readonly string[];
  readonly stdin?: string;
  /** The file to which its jobs append. */
  readonly out: string;
  /** What they append, in any order of the jobs. */
  readonly written: readonly string[];
}

/** Pushes that both tools understand, word for word. @param dir where the jobs' files go */
export function commandLines(dir: string): readonly CommandLine[] {
  return [
    {
      what: "a command",
      out: `${dir}/command`,
      args: ["-c", `echo hello >> ${dir}/command`],
      written: ["hello"],
    },
    {
      what: "several commands",
      out: `${dir}/several`,
      args: ["-c", `echo one >> ${dir}/several`, "-c", `echo two >> ${dir}/several`],
      written: ["one", "two"],
    },
    {
      what: "a command with an environment",
      out: `${dir}/env`,
      args: ["-c", `echo "$A$B$EMPTY" >> ${dir}/env`, "-e", "B=two  words", "-e", "A=x=y;", "-e", "EMPTY="],
      written: ["x=y;two  words"],
    },
    {
      what: "a command beyond ASCII",
      out: `${dir}/unicode`,
      args: ["-c", `echo "héllo ✓ 😀 \u007f $NAME" >> ${dir}/unicode`, "-e", "NAME=Ünï"],
      written: ["héllo ✓ 😀 \u007f Ünï"],
    },
    {
      what: "a command of many lines with all kinds of quotes",
      out: `${dir}/quotes`,
      args: [
        "-c",
        `printf '%s|' 'a"b' "it's" '\\n' 'x\ty' '<&amp;>' >> ${dir}/quotes\n\necho >> ${dir}/quotes\n`,
      ],
      written: [`a"b|it's|\\n|x\ty|<&amp;>|`],
    },
    {
      what: "lines of standard input",
      out: `${dir}/lines`,
      args: ["--num-retries", "2", "-e", "A=1"],
      stdin: `echo "$A" >> ${dir}/lines\n  echo indented >> ${dir}/lines\necho "last ✓" >> ${dir}/lines`,
      written: ["1", "indented", "last ✓"],
    },
    {
      what: "a command that is JSON",
      out: `${dir}/json-command`,
      args: ["-c", `{"env": {"A": "1"}, "cmd": "echo $A >> ${dir}/json-command"}`, "-e", "B=2"],
      written: ["1"],
    },
    {
      what: "JSON lines with numbers for texts",
      out: `${dir}/numbers`,
      args: [],
      stdin:
        `{"cmd":"echo $N $BIG $E >> ${dir}/numbers","env":{"N":1.50,"BIG":123456789012345678901,"E":1e22}}\n`,
      written: ["1.5 123456789012345678901 1e+22"],
    },
    {
      what: "JSON lines",
      out: `${dir}/json`,
      args: ["-e", "B=from -e"],
      stdin: [
        { cmd: `echo "$A $B" >> ${dir}/json`, env: { Z: "26", B: "from the line", A: "é" } },
        { env: {}, cwd: "/usr", cmd: `pwd >> ${dir}/json` },
        { cmd: `echo plain >> ${dir}/json` },
      ].map((line) => `${JSON.stringify(line)}\n`).join(""),
      written: ["/usr", "plain", "é from -e"],
    },
  ];
}

/** What the jobs of each push wrote, sorted, by what it is; nothing for a push whose jobs did not run. */
export async function readOutputs(
  lines: readonly CommandLine[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const outputs = new Map<string, readonly string[]>();
  for (const { what, out } of lines) {
    const text = await Deno.readTextFile(out).catch(() => "");
    outputs.set(what, text.split("\n").filter((line) => line !== "").toSorted());
  }
  return outputs;
}

/** Fails unless the jobs of a push wrote what they should. */
export function assertWritten(
  outputs: ReadonlyMap<string, readonly string[]>,
  { what, written }: CommandLine,
): void {
  assertEquals(outputs.get(what), written.toSorted());
}
