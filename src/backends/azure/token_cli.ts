import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import { programPlaces } from "../../core/program_places.ts";
import { startLine } from "../start_line.ts";

/** How long the Azure CLI may take to answer, in ms; it is a Python program and needs seconds on a busy machine. */
const CLI_TIMEOUT_MS = 30_000;
/** The end of what a token is asked for, which the CLI wants without it. */
const DEFAULT_SCOPE = /\/\.default$/;

/**
 * Tokens of whoever is logged in to the Azure CLI (https://learn.microsoft.com/cli/azure/account#az-account-get-access-token).
 * The identity SDK has a class for it, too, which starts `az` with this process's own environment: with a limited right to
 * run programs, that is refused wherever a variable tells the linker what to load.
 */
export class CliCredential implements TokenCredential {
  async getToken(
    scopes: string | string[],
    { tenantId, claims }: GetTokenOptions = {},
  ): Promise<AccessToken> {
    const [scope = ""] = typeof scopes === "string" ? [scopes] : scopes;
    if (claims) throw new Error(`it must be renewed: az login --scope ${scope}`);
    const { code, stdout, stderr } = await runCli([
      "account",
      "get-access-token",
      "--output",
      "json",
      "--resource",
      scope.replace(DEFAULT_SCOPE, ""),
      ...tenantId === undefined ? [] : ["--tenant", tenantId],
    ]);
    // What a shell answers for a program that it does not find.
    if (code === 127) throw new Error("it is not installed");
    const token = readToken(stdout);
    if (token !== undefined) return token;
    if (/\baz login\b/.test(stderr) && !/\baz login --scope\b/.test(stderr)) {
      throw new Error("nobody is logged in");
    }
    throw new Error(stderr.trim() || `it ended with exit code ${code} and gave no token`);
  }
}

async function runCli(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const environment = Deno.env.toObject();
  // Where PATH is not set, what is looked for is not the shell's choice.
  const PATH = environment.PATH ?? programPlaces().join(":");
  const { file, args: words, env } = startLine(["az", ...args], { env: { ...environment, PATH } });
  const child = new Deno.Command(file, {
    args: words,
    env,
    clearEnv: true,
    cwd: "/",
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(CLI_TIMEOUT_MS),
  });
  const { code, signal, stdout, stderr } = await child.output();
  if (signal !== null) {
    throw new DOMException(`no answer came within ${CLI_TIMEOUT_MS / 1000} s`, "TimeoutError");
  }
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** What the CLI prints, as far as it is read. */
interface Answer {
  readonly accessToken?: unknown;
  readonly expires_on?: unknown;
  readonly expiresOn?: unknown;
}

/** The token in what the CLI prints; undefined where there is none. */
function readToken(text: string): AccessToken | undefined {
  try {
    const { accessToken, expires_on: seconds, expiresOn: date } = JSON.parse(text) as Answer;
    // Old versions give the time by the clock on the wall only.
    const expiresOnTimestamp = Number(seconds) * 1000 || Date.parse(String(date));
    return typeof accessToken === "string" && Number.isFinite(expiresOnTimestamp)
      ? { token: accessToken, expiresOnTimestamp, tokenType: "Bearer" }
      : undefined;
  } catch {
    return undefined;
  }
}
