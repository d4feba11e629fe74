/**
 * What Python prints of a number that it read in JSON.
 *
 * A whole number of any size keeps its digits; anything with a fraction or an exponent becomes a float.
 *
 * @param literal a number as JSON writes it
 */
export function pythonNumber(literal: string): string {
  if (isFloat(literal)) return pythonFloat(Number(literal));
  return literal === "-0" ? "0" : literal;
}

/**
 * What Python's `json.dumps` prints of a float: the fewest digits that give it back, fixed from 1e-4 to below 1e16.
 *
 * Source: Python's `float_repr_style` "short", and `json.encoder` for what is not finite.
 */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e16)) {
    const text = String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  return `${mantissa}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, "0")}`;
}

/** True for numbers that Python reads as a float. */
function isFloat(literal: string): boolean {
  return /[.eE]/.test(literal);
}
