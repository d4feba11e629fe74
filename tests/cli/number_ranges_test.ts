import { rangesOf, rangesText, sedScript } from "../../src/cli/number_ranges.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const TEXTS: readonly (readonly [numbers: readonly number[], text: string])[] = [
  [[], ""],
  [[3], "3"],
  [[3, 4], "3-4"],
  [[3, 7, 8, 9], "3, 7-9"],
  [[1, 2, 4, 6, 7], "1-2, 4, 6-7"],
];
for (const [numbers, text] of TEXTS) {
  test(`${JSON.stringify(numbers)} is written as "${text}"`, () => {
    assertEquals(rangesText(rangesOf(numbers)), text);
  });
}

const SCRIPTS: readonly (readonly [numbers: readonly number[], lastLine: number, script: string])[] = [
  [[3, 7, 8, 9], 12, "3p;7,9p;13,$p"],
  [[3, 7, 8, 9], 9, "3p;7,$p"],
  [[1, 2, 3], 3, "1,$p"],
  [[5], 6, "5p;7,$p"],
];
for (const [numbers, lastLine, script] of SCRIPTS) {
  test(`sed finds the lines ${numbers.join(", ")} and those after ${lastLine} with ${script}`, async () => {
    assertEquals(sedScript(rangesOf(numbers), lastLine), script);
    const command = `seq 15 | sed -n '${script}'`;
    const { stdout } = await new Deno.Command("bash", { args: ["-c", command] }).output();
    const rest = Array.from({ length: 15 - lastLine }, (_, index) => lastLine + 1 + index);
    assertEquals(new TextDecoder().decode(stdout).trim().split("\n").map(Number), [...numbers, ...rest]);
  });
}
