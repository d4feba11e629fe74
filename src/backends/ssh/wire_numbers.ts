/** A number in JSON, which has no `Infinity` and no `NaN`: these are texts. */
export type WireNumber = number | string;

/** The same fields, where numbers are as JSON can hold them. */
export type WireNumbers<Fields> = {
  readonly [Key in keyof Fields]: Fields[Key] extends number ? WireNumber
    : Fields[Key] extends number | undefined ? WireNumber | undefined
    : Fields[Key];
};

/** The fields for a message. */
export function toWire<Fields extends object>(fields: Fields): WireNumbers<Fields> {
  const entries = Object.entries(fields).map(([key, value]) => [
    key,
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
  ]);
  return Object.fromEntries(entries) as WireNumbers<Fields>;
}

/** A number out of a message; one that is missing is undefined. */
export function fromWire(value: WireNumber): number;
export function fromWire(value: WireNumber | undefined): number | undefined;
export function fromWire(value: WireNumber | undefined): number | undefined {
  return value === undefined || value === null ? undefined : Number(value);
}
