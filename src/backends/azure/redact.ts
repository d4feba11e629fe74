import { redactAddress } from "../address.ts";

/** No reason is longer, in characters. */
const MAX_LENGTH = 200;
const TOKEN = /\beyJ[\w-]+(?:\.[\w-]*)*/g;
/** Longer than every identifier that helps anybody, and shorter than every key. */
const LONG_CODE = /[A-Za-z0-9+/_-]{43,}={0,2}/g;
const QUERY = /(https?:\/\/[^\s?"'<>]+)\?[^\s"'<>]*/gi;
const FIELD =
  /\b((?:client_secret|client_assertion|assertion|password|access_?token|refresh_token|signature|key)"?\s*[=:]\s*"?)[^\s&,;"']+/gi;

/** The text without whatever looks like a secret: keys, tokens, passwords, the queries of URLs. */
export function redact(text: string): string {
  return redactAddress(text)
    .replaceAll(QUERY, "$1")
    .replaceAll(TOKEN, "***")
    .replaceAll(FIELD, "$1***")
    .replaceAll(LONG_CODE, "***");
}

/** The first line of a message of others, redacted, cut to 200 characters, and without the stop at its end. */
export function firstLine(message: string): string {
  const [line = ""] = redact(message).split("\n").map((each) => each.trim()).filter(Boolean);
  const short = line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 1)}…` : line;
  return short.replace(/[.,:;\s]+$/, "");
}
