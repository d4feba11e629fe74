import { quoteWord, quoteWords } from "../../core/shell_words.ts";
import type { FileAddress } from "../address.ts";
import type { SshHost } from "../ssh_address.ts";

/** What is asked of ssh. */
export interface SshCommand extends Omit<SshHost, "password"> {
  /** ssh may ask on the terminal; otherwise it gives up instead. */
  readonly mayAsk: boolean;
  /** A password is at hand: it is tried once. */
  readonly hasPassword: boolean;
  /** For the login shell on the other side. */
  readonly remoteLine: string;
}

/** What is asked of the jobq on the other side. */
export interface RemoteCommand {
  /** A program's name or path, where a leading `~/` is the home directory over there. */
  readonly program: string;
  /** A leading `~/` is the home directory over there. */
  readonly place: FileAddress;
  readonly create: boolean;
  readonly durability: "full" | "normal";
}

/** The arguments of ssh (https://man.openbsd.org/ssh, https://man.openbsd.org/ssh_config). */
export function sshArguments(
  { host, port, user, mayAsk, hasPassword, remoteLine }: SshCommand,
): readonly string[] {
  const options = [
    // In a batch, no helper is asked for the password either. A wrong one stays wrong.
    ...hasPassword ? ["BatchMode=no", "NumberOfPasswordPrompts=1"] : mayAsk ? [] : ["BatchMode=yes"],
    // What it says of a failure is needed, and no more.
    "LogLevel=INFO",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    // One that is configured for this host would take the place of ours.
    "RemoteCommand=none",
  ];
  return [
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    // What is not in the address is left to ~/.ssh/config.
    ...port === undefined ? [] : ["-p", String(port)],
    ...user === undefined ? [] : ["-l", user],
    "--",
    host,
    remoteLine,
  ];
}

/** The line that starts `jobq serve` over there, for whichever shell the user has there. */
export function remoteLine({ program, place, create, durability }: RemoteCommand): string {
  const words = [
    "serve",
    "--stdio",
    ...create ? [] : ["--no-create"],
    ...durability === "full" ? [] : ["--durability", durability],
    // With its kind and the queue's name, so that no path can be taken for something else.
    place.kind === "sqlite" ? `sqlite:${place.path}#${place.queue}` : `file:${place.path}`,
  ];
  // What is quoted is not expanded.
  const start = program.startsWith("~/") ? `~/${quoteWord(program.slice(2))}` : quoteWord(program);
  return `${start} ${quoteWords(words)}`;
}
