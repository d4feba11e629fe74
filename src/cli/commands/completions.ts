import { UsageError } from "../../core/errors.ts";
import type { AnyCommand, RunCommand } from "../command.ts";
import { COMMANDS } from "../commands.ts";
import { longName, longNames } from "../flag.ts";
import { splitArguments } from "../main.ts";
import type { COMMON_FLAGS } from "../options.ts";

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
  // Older ones drop an empty argument on the way to a program, unless it is written as two quotes.
  powershell: `Register-ArgumentCompleter -Native -CommandName jobq -ScriptBlock {
  param($word, $command, $cursor)
  $before = @($command.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursor } |
    ForEach-Object { if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text } })
  $passing = Get-Variable -Name PSNativeCommandArgumentPassing -ValueOnly -ErrorAction Ignore
  $last = if (-not $word -and "$passing" -in '', 'Legacy') { '""' } else { $word }
  & jobq __complete '--' @before $last 2>$null |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`,
};

/** `jobq completions SHELL`. */
export const completions: RunCommand<typeof COMMON_FLAGS> = async ({ io }, _values, [shell = ""]) => {
  const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
  if (script === undefined) {
    throw new UsageError(`Cannot complete for "${shell}": it is not a known shell`, {
      hint: "bash, zsh, fish or powershell",
    });
  }
  await io.stdout.write(script);
};

/** The words that may stand at the end of a command line, one a line. */
export function proposeWords(line: readonly string[]): string {
  const last = line.at(-1) ?? "";
  const { words, rest } = splitArguments(line.slice(0, -1));
  if (rest !== undefined) return "";
  return candidates(words).filter((word) => word.startsWith(last)).map((word) => `${word}\n`).join("");
}

function candidates([first, ...others]: readonly string[]): readonly string[] {
  if (first === undefined) return Object.keys(COMMANDS);
  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  if (entry === undefined) return [];
  if ("flags" in entry) return proposeFor(entry, others);
  const [second, ...rest] = others;
  const usual = entry.default === undefined ? undefined : entry.commands[entry.default];
  if (second === undefined) return [...Object.keys(entry.commands), ...usual ? proposeFor(usual, []) : []];
  if (second.startsWith("-")) return usual ? proposeFor(usual, others) : [];
  const command = Object.hasOwn(entry.commands, second) ? entry.commands[second] : undefined;
  return command === undefined ? [] : proposeFor(command, rest);
}

function proposeFor({ flags, positionals }: AnyCommand, before: readonly string[]): readonly string[] {
  const previous = before.at(-1);
  const flag = Object.entries(flags).find(([key, { alias }]) =>
    previous === longName(key) || previous === `-${alias}`
  )?.[1];
  if (flag?.placeholder !== undefined) return flag.choices ?? [];
  return [
    ...positionals?.choices ?? [],
    ...Object.entries(flags).flatMap(([key, flag]) => longNames(key, flag)),
    "--help",
  ];
}
