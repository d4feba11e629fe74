import { quoteWord } from "../../src/core/shell_words.ts";
import type { TempDir } from "./temp_dir.ts";
import { findUnshare } from "./unshare.ts";

const UNSHARE = Deno.uid() === 0 ? await findUnshare() : [];

/** Whether a program can be started that knows another password than the machine's. A server wants the real root. */
export const CAN_SHADOW = UNSHARE[1] === "-m";

/** What starts a program to which this user has a password, and to which alone: the machine's own file stays. */
export async function withPassword(directory: TempDir, password: string): Promise<readonly string[]> {
  const hashing = new Deno.Command("perl", {
    args: ["-e", "print crypt($ENV{PASSWORD}, '$6$jobqtest$')"],
    env: { PASSWORD: password },
  });
  const hash = new TextDecoder().decode((await hashing.output()).stdout);
  const shadow = directory.join("shadow");
  await Deno.writeTextFile(shadow, `root:${hash}:19000:0:99999:7:::\n`, { mode: 0o600 });
  return [...UNSHARE, "sh", "-c", `mount --bind ${quoteWord(shadow)} /etc/shadow && exec "$0" "$@"`];
}
