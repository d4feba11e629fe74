/** A copy without the fields that are undefined: whether a backend leaves them out or sets them to that is all the same. */
export function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
