/** Crockford's base 32 in lower case: no i, l, o, u, so that ids survive being read aloud. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

const pool = new Uint8Array(4096);
let used = pool.length;

/** `length` random characters of 5 bits each, from the system's cryptographic source. */
export function randomId(length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) {
    if (used === pool.length) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    text += ALPHABET[(pool[used++] ?? 0) & 31];
  }
  return text;
}
