import { pythonFloat, pythonNumber } from "../../../src/core/wire/python_number.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

// Each pair was printed by Python's json.dumps(json.loads(literal)).
const PRINTED: readonly (readonly [string, string])[] = [
  ["0", "0"],
  ["-0", "0"],
  ["-7", "-7"],
  ["9007199254740993", "9007199254740993"],
  ["-123456789012345678901234567890", "-123456789012345678901234567890"],
  ["0.0", "0.0"],
  ["-0.0", "-0.0"],
  ["-0e5", "-0.0"],
  ["1.0", "1.0"],
  ["1.50", "1.5"],
  ["1E5", "100000.0"],
  ["1e+5", "100000.0"],
  ["1e15", "1000000000000000.0"],
  ["9999999999999998.0", "9999999999999998.0"],
  ["1e16", "1e+16"],
  ["-1.25e16", "-1.25e+16"],
  ["9007199254740993.0", "9007199254740992.0"],
  ["1e21", "1e+21"],
  ["1e22", "1e+22"],
  ["1e100", "1e+100"],
  ["1.7976931348623157e308", "1.7976931348623157e+308"],
  ["1e400", "Infinity"],
  ["-1e400", "-Infinity"],
  ["0.1", "0.1"],
  ["0.0001", "0.0001"],
  ["0.00012345", "0.00012345"],
  ["0.00001", "1e-05"],
  ["-0.000012345", "-1.2345e-05"],
  ["0.00009999999999999999", "9.999999999999999e-05"],
  ["1e-7", "1e-07"],
  ["1e-10", "1e-10"],
  ["5e-324", "5e-324"],
  ["1e-400", "0.0"],
  ["-1e-400", "-0.0"],
  ["0.30000000000000004", "0.30000000000000004"],
  ["2.2250738585072014e-308", "2.2250738585072014e-308"],
];

for (const [literal, printed] of PRINTED) {
  test(`Python prints ${printed} for ${literal}`, () => {
    assertEquals(pythonNumber(literal), printed);
  });
}

test("floats that are not finite have Python's names", () => {
  assertEquals([NaN, Infinity, -Infinity].map(pythonFloat), ["NaN", "Infinity", "-Infinity"]);
});
