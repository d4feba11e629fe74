import { WireError } from "../../core/wire/wire_error.ts";

/** The text of a message's body: whoever speaks AMQP may send it as bytes or as a value. @throws {WireError} */
export function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  if (!(body instanceof Uint8Array)) throw new WireError("its body is no text");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch (error) {
    throw new WireError("its body is not UTF-8", { cause: error });
  }
}

/** As `textOf`, for people: what is no text is shown as far as it can be. */
export function textForDisplay(body: unknown): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : JSON.stringify(body) ?? "";
}
