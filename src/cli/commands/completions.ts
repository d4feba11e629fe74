import { proposeCompletions } from "@stricli/core";
import { UsageError } from "../../core/errors.ts";
import { app } from "../app.ts";
import type { Command } from "../context.ts";
import type { Io } from "../io.ts";
import { newContext, splitArguments } from "../main.ts";
import type { CommonFlags } from "../options.ts";

/** Each script asks jobq itself for the words, so that they are never out of date; file names are the fallback. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_jobq() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(jobq __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _jobq jobq
`,
  zsh: `#compdef jobq
_jobq() {
  local -a proposals
  proposals=("\${(@f)$(jobq __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n "\${proposals[1]}" ]] && compadd -- $proposals || _files
}
compdef _jobq jobq
`,
  fish: `complete -c jobq -a '(jobq __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
};

/** `jobq completions SHELL`. */
export const completions: Command<CommonFlags, [string]> = async ({ io }, _flags, shell) => {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    throw new UsageError(`Cannot complete for "${shell}": it is not a known shell`, {
      hint: "bash, zsh or fish",
    });
  }
  await io.stdout.write(script);
};

/** The words that may stand at the end of a command line, one a line. */
export async function proposeWords(line: readonly string[], io: Io): Promise<string> {
  const { words } = splitArguments(line);
  const proposals = await proposeCompletions(app, words, newContext(io, { rest: [] }));
  return proposals.map(({ completion }) => `${completion}\n`).join("");
}
