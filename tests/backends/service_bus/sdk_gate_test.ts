import { Gate } from "../../../src/backends/service_bus/sdk_gate.ts";
import { assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

test("an open gate lets a method pass with its own this, its arguments and its answer, which is seen first", async () => {
  const seen: number[] = [];
  const adder = { start: 1, add: (_: number) => Promise.resolve(0) };
  adder.add = new Gate().before(
    function (this: { start: number }, more: number) {
      return Promise.resolve(this.start + more);
    },
    (answer) => seen.push(answer),
  );
  assertEquals([await adder.add(2), ...seen], [3, 3]);
});

test("a shut gate does not even begin a method, and gives the first reason", async () => {
  const gate = new Gate();
  let begun = 0;
  const begin = gate.before(() => Promise.resolve(++begun));
  await begin();
  assertEquals(gate.isShut, false);
  gate.pass();
  gate.shut(new Error("a reason"));
  gate.shut(new Error("another reason"));
  assertEquals(gate.isShut, true);
  assertEquals((await assertRejects(begin(), Error)).message, "a reason");
  assertEquals(assertThrows(() => gate.pass(), Error).message, "a reason");
  assertEquals(begun, 1);
});

test("what is waited for until the end ends with it, or before", async () => {
  const gate = new Gate();
  const ends: string[] = [];
  const never = gate.untilEnd(() => new Promise<void>(() => {}))().then(() => ends.push("never"));
  await gate.untilEnd(() => Promise.resolve())();
  await assertRejects(gate.untilEnd(() => Promise.reject(new Error("refused")))(), Error);
  assertEquals(ends, []);
  gate.end();
  await never;
  assertEquals(ends, ["never"]);
});
