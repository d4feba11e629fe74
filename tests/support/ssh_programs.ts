import { quoteWord, quoteWords } from "../../src/core/shell_words.ts";
import { JOBQ_WORDS } from "./jobq.ts";

/** What the tests of queues over SSH need from this machine, and where it is. */
export interface SshPrograms {
  /** It wants to be started by its absolute path. */
  readonly sshd: string;
  readonly ssh: string;
  readonly keygen: string;
}

/** Undefined where something is missing. */
export const SSH_PROGRAMS = findPrograms();

/** Writes executable files into a directory. */
export async function writePrograms(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${directory}/${name}`, text, { mode: 0o755 });
  }
}

/** A shell script that is jobq. */
export function jobqScript(): string {
  const { DENO_DIR, XDG_CACHE_HOME, HOME } = Deno.env.toObject();
  const cache = DENO_DIR ?? `${XDG_CACHE_HOME ?? `${HOME}/.cache`}/deno`;
  return `#!/bin/sh\nexport DENO_DIR=${quoteWord(cache)}\nexec ${quoteWords(JOBQ_WORDS)} "$@"\n`;
}

/** A shell script that is the system's ssh with a configuration of its own. */
export function sshScript(config: string): string {
  return `#!/bin/sh\nexec ${quoteWords([SSH_PROGRAMS?.ssh ?? "ssh", "-F", config])} "$@"\n`;
}

/** Makes a key pair without a passphrase: FILE and FILE.pub. */
export async function makeKey(file: string): Promise<void> {
  const args = ["-q", "-t", "ed25519", "-N", "", "-C", "jobq test", "-f", file];
  const { success, stderr } = await new Deno.Command(SSH_PROGRAMS?.keygen ?? "ssh-keygen", { args }).output();
  if (!success) throw new Error(`no key: ${new TextDecoder().decode(stderr)}`);
}

function findPrograms(): SshPrograms | undefined {
  const places = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/sbin", "/usr/local/sbin"];
  const find = (name: string) => places.map((place) => `${place}/${name}`).find(isFile);
  const [sshd, ssh, keygen] = ["sshd", "ssh", "ssh-keygen"].map(find);
  return sshd === undefined || ssh === undefined || keygen === undefined ? undefined : { sshd, ssh, keygen };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
