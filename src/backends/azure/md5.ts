import { createHash } from "node:crypto";

/** The MD5 of a text, lower-case hexadecimal: how the Python tool makes ids. */
export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
