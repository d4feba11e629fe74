import type { AnyCommand, CommandGroup } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type Flags, longName } from "./flag.ts";
import { formatTable } from "./table.ts";

/** In which order and under which heads the commands are listed. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  "Run jobs": ["push", "run", "worker", "pull", "workers"],
  "See them": ["size", "peek", "list", "status", "why", "logs", "wait", "stats"],
  "Steer them": ["cancel", "requeue", "dead", "clear", "prune"],
  "For your shell": ["completions"],
  "For jobq itself": ["doctor", "serve"],
};

/** `jobq --help`. */
export function formatMainHelp(): string {
  const rows = Object.entries(SECTIONS).flatMap(([head, names]) => [
    ["", ""],
    [`${head}:`, ""],
    ...names.map((name) => [`  ${name}`, COMMANDS[name]?.brief ?? ""]),
  ]);
  return `Queue shell commands and run them on any machine that can reach the queue.

Usage: jobq [QUEUE] COMMAND [OPTIONS]
${formatTable(rows)}
jobq COMMAND --help tells about a command, jobq --version the version (--json: Deno, commit, target, too).

The queue is given before the command, with -q, in $JOBQ or $JOBQ_STORAGE_QUEUE; else it is a file of your own.
  jobs.db, sqlite:PATH    an SQLite file on a local disk; jobs.db#NAME for one of several queues in it
  /shared/queue, ./queue  a directory that all hosts share, for clusters without a server; else file:PATH
  ssh://HOST/PATH         an SQLite file or a directory on another host, over ssh: ssh://ann@login/~/jobs.db
  ACCOUNT/QUEUE           an Azure Storage Queue (signs in with --conn-str, --sas, the environment, or az login)
  sb://NAMESPACE/QUEUE    a queue of Azure Service Bus (signs in likewise)
`;
}

/** `jobq COMMAND --help`. */
export function formatCommandHelp(name: string, command: AnyCommand): string {
  const usage = command.usage.map((form, index) =>
    `${index === 0 ? "Usage: " : "       "}jobq [QUEUE] ${name} ${form}`
  ).join("\n");
  const description = command.description ? `\n\n${command.description}` : "";
  return `${command.brief}.${description}\n\n${usage}\n\nOptions:\n${formatFlags(command.flags)}`;
}

/** `jobq dead --help`. */
export function formatGroupHelp(name: string, group: CommandGroup): string {
  const rows = Object.entries(group.commands).map(([word, { brief }]) => [
    `  ${word}`,
    word === group.default ? `${brief} (without COMMAND, too)` : brief,
  ]);
  const command = group.default === undefined ? "COMMAND" : "[COMMAND]";
  return `${group.brief}.\n\nUsage: jobq [QUEUE] ${name} ${command} [OPTIONS]\n\nCommands:\n${
    formatTable(rows)
  }`;
}

function formatFlags(flags: Flags): string {
  const rows = Object.entries(flags).map(([key, flag]) => {
    const alias = flag.alias ? `-${flag.alias}, ` : "    ";
    const value = flag.placeholder ? ` ${flag.placeholder}` : "";
    const otherwise = flag.defaultText === undefined ? "" : ` (default ${flag.defaultText})`;
    const name = flag.negatable ? longName(key).replace("--", "--[no-]") : longName(key);
    return [`  ${alias}${name}${value}`, `${flag.brief}${otherwise}`];
  });
  return formatTable([...rows, ["  -h, --help", "Print this help"]]);
}
