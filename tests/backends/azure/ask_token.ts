import { assertEquals } from "../../support/assert.ts";
import { runScript } from "../../support/child.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { assertNoSecret } from "./no_secret.ts";

/** The label of the way that is always tried. */
export const CLI = "the Azure CLI's login";
/** Every variable that a way to sign in heeds, unset, so that this machine's own do not matter. */
const UNSET: Readonly<Record<string, string>> = Object.fromEntries(
  [
    "DEFAULT_IDENTITY_CLIENT_ID",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLOUD",
    "JOBQ_CONNECTION_STRING",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
  ].map((name) => [name, ""]),
);

/** What a process of its own got. */
export interface Answer {
  readonly before: string;
  readonly label: string;
  readonly tokens: readonly string[];
  readonly lines: readonly string[];
  readonly error?: { readonly name: string; readonly message: string; readonly hint?: string };
}

/** What a process with these variables gets; nothing that it prints but the tokens may be secret. */
export async function askToken(
  env: Record<string, string>,
  { count = 1, endpoint }: { count?: number; endpoint?: string } = {},
): Promise<Answer> {
  const args = [String(count), ...(endpoint === undefined ? [] : [endpoint])];
  const { code, stdout, stderr } = await runScript("../backends/azure/token_asker.ts", args, {
    env: { ...UNSET, ...env },
  });
  assertEquals([code, stderr], [0, ""]);
  const answer: Answer = JSON.parse(stdout);
  assertNoSecret(JSON.stringify({ ...answer, tokens: [] }));
  return answer;
}

/** A directory with an `az` that is this shell script; the process finds nothing else of that name. */
export async function fakeCli(script: string): Promise<TempDir> {
  const dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("az"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return dir;
}

/** Variables with which no `az` is found. */
export const NO_CLI = { PATH: "/nonexistent" };
