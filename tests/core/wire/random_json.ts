import fc from "fast-check";

/** Texts that JSON allows, and Python's `NaN` and infinities, in every way that they can be written. */

const digits = (max: number) => fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: max }).map(join);

const wholeNumber = fc.tuple(fc.constantFrom("", "-"), fc.integer({ min: 1, max: 9 }), digits(40)).map(join);

const exponent = fc.tuple(fc.constantFrom("e", "E"), fc.constantFrom("", "+", "-"), digits(3)).map(join);

const decimal = fc.tuple(
  fc.oneof(wholeNumber, fc.constantFrom("0", "-0")),
  fc.oneof(fc.constant(""), digits(25).map((text) => `.${text}`)),
  fc.oneof(fc.constant(""), exponent),
).map(join);

/** Every double has the same chance, not every size. */
const anyFloat = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map((bits) => new Float64Array(BigUint64Array.of(bits).buffer)[0] ?? 0)
  .map((value) => Number.isFinite(value) ? value.toExponential() : value > 0 ? "Infinity" : "NaN");

/** Where Python goes from fixed to exponent, where whole floats end, and the ends of what a double holds. */
const edges = [1e-4, 1e15, 1e16, 2 ** 53, 1e21, 1e22, 2.2250738585072014e-308, 5e-324, Number.MAX_VALUE, 0.1];
const aroundAnEdge = fc.tuple(fc.constantFrom(...edges), fc.integer({ min: -3, max: 3 }))
  .map(([edge, steps]) => (edge * (1 + steps * Number.EPSILON)).toExponential());

const hostileNumber = fc.constantFrom(
  "0",
  "-0",
  "-0.0",
  "0e0",
  "-0E-0",
  "1E5",
  "1e400",
  "-1e400",
  "1e-400",
  "-1e-400",
  "9007199254740993",
  "9007199254740993.0",
  "NaN",
  "Infinity",
  "-Infinity",
  "8".repeat(4200),
  `-${"7".repeat(4200)}`,
  `${"6".repeat(4400)}.0`,
);

/** A number of any kind. */
export const numberText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.integer().map(String) },
  { weight: 3, arbitrary: wholeNumber },
  { weight: 3, arbitrary: decimal },
  { weight: 3, arbitrary: anyFloat },
  { weight: 2, arbitrary: aroundAnEdge.filter((text) => /\d/.test(text)) },
  { weight: 1, arbitrary: hostileNumber },
);

const codeUnit = fc.nat({ max: 0xffff });

const escapedUnit = fc.tuple(codeUnit, fc.boolean()).map(([unit, isUpper]) => {
  const digits = unit.toString(16).padStart(4, "0");
  return `\\u${isUpper ? digits.toUpperCase() : digits}`;
});

const stringPart = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0x20, max: 0x7f }).map(toRawOrEscaped) },
  { weight: 2, arbitrary: codeUnit.map(toRawOrEscaped) },
  { weight: 2, arbitrary: escapedUnit },
  { weight: 2, arbitrary: fc.constantFrom(...'"\\/bfnrt').map((letter) => `\\${letter}`) },
  { weight: 1, arbitrary: fc.constantFrom("\\ud83d\\ude00", "\\uD83D", "\\uDE00", "😀", "é") },
);

const stringText = fc.array(stringPart, { maxLength: 12 }).map((parts) => `"${parts.join("")}"`);

const keyText = fc.oneof(fc.constantFrom('"1"', '"0"', '"-1"', '"a"', '"__proto__"', '""'), stringText);

const space = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(..." \t\n\r"), { maxLength: 4 }).map(join) },
);

const scalar = fc.oneof(fc.constantFrom("null", "true", "false"), numberText, stringText);

const { value, object } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, scalar, tie("list"), tie("object")),
  list: fc.array(spaced(tie("value")), { maxLength: 5 }).map((items) => `[${items.join(",")}]`),
  object: fc.array(fc.tuple(spaced(keyText), spaced(tie("value"))), { maxLength: 6 })
    .map((entries) => `{${entries.map((entry) => entry.join(":")).join(",")}}`),
}));

const nested = fc.tuple(value, fc.array(fc.boolean(), { minLength: 1, maxLength: 300, size: "max" })).map(
  ([inner, levels]) => levels.reduce((text, isList) => isList ? `[ ${text}]` : `{"k" :${text} }`, inner),
);

/** A document of any kind. */
export const documentText: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: spaced(value) },
  { weight: 1, arbitrary: spaced(nested) },
);

/** An object of any content. */
export const objectText: fc.Arbitrary<string> = spaced(object);

/** A document with a few characters cut out or put in: mostly no JSON any more. */
export const damagedText: fc.Arbitrary<string> = fc.tuple(
  spaced(value),
  fc.array(fc.tuple(fc.nat({ max: 100 }), fc.constantFrom("", ...'"\\{}[]:,. 0-eNu\n\x1f\ufeff')), {
    minLength: 1,
    maxLength: 3,
  }),
).map(([text, changes]) =>
  changes.reduce((damaged, [place, put]) => {
    const at = Math.floor(place / 100 * damaged.length);
    return damaged.slice(0, at) + put + damaged.slice(put === "" ? at + 1 : at);
  }, text)
);

function spaced(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(space, text, space).map(join);
}

function join(parts: readonly unknown[]): string {
  return parts.join("");
}

/** As it is where a string may hold it, escaped where not. */
function toRawOrEscaped(unit: number): string {
  const mustEscape = unit < 0x20 || unit === 0x22 || unit === 0x5c;
  return mustEscape ? `\\u${unit.toString(16).padStart(4, "0")}` : String.fromCharCode(unit);
}
