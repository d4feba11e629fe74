import { createHash } from "node:crypto";

/** The lower-case hexadecimal MD5 of a text. */
export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}
