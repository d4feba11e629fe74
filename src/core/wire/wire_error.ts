import { UsageError } from "../errors.ts";

/** A message is not a task that jobq knows, or cannot be made one. The message is the reason alone, never the content. */
export class WireError extends UsageError {}
