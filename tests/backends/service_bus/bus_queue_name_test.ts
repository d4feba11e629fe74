import { assertQueueName } from "../../../src/backends/service_bus/bus_access.ts";
import { UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

test("a queue's name has up to 260 letters, digits, dots, hyphens, underscores and slashes", () => {
  for (const name of ["j", "Jobs-1", "team/gpu.jobs_2", "1/2/3", "j".repeat(260)]) {
    assertQueueName(name, `sb://ns/${name}`);
  }
});

const REFUSED: readonly [string, string][] = [
  ["", "the queue's name is empty"],
  ["j".repeat(261), "its queue's name has more than 260 characters"],
  ["two words", "its queue's name has other characters"],
  ["jobs\nmore", "its queue's name has other characters"],
  ["jöbs", "its queue's name has other characters"],
  ["jobs?x", "its queue's name has other characters"],
  ["/jobs", "its queue's name does not begin and end with a letter or a digit"],
  ["jobs/", "its queue's name does not begin and end with a letter or a digit"],
  ["-", "its queue's name does not begin and end with a letter or a digit"],
  ["jobs.", "its queue's name does not begin and end with a letter or a digit"],
  ["team//jobs", "its queue's name has two slashes in a row"],
];
for (const [name, reason] of REFUSED) {
  test(`${JSON.stringify(name.slice(0, 20))} is refused: ${reason}`, () => {
    const error = assertThrows(() => assertQueueName(name, "sb://ns/it"), UsageError);
    assertEquals(error.message, `Cannot use "sb://ns/it" as a queue: ${reason}`);
    assertMatch(error.hint ?? "", /up to 260/);
  });
}

test("a sub-queue's name is refused with the command that shows it", () => {
  const error = assertThrows(() => assertQueueName("jobs/$DeadLetterQueue", "sb://ns/it"), UsageError);
  assertEquals([error.message, error.hint], [
    'Cannot use "sb://ns/it" as a queue: a queue\'s name has no $',
    "the messages that failed are shown by jobq dead list",
  ]);
});
