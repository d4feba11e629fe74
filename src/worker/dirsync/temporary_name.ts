import { randomId } from "../../core/random_id.ts";

const FORM = /^\.jobq-dirsync-[0-9a-z]{12}\.tmp$/;

/** What a copy is called until it is whole; short, so that it fits wherever the name of the file does. */
export function temporaryName(): string {
  return `.jobq-dirsync-${randomId(12)}.tmp`;
}

/** Whether a file of this name is, or was, on its way. */
export function isTemporaryName(name: string): boolean {
  return FORM.test(name);
}
