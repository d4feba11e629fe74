import { buildInfo, versionOf } from "./build_info.ts";
import { JSON_OUTPUT } from "./options.ts";
import { parseArgs } from "./parse_args.ts";

/** What `jobq --version` prints, followed by these words. @throws {UsageError} for others than --json */
export async function formatVersion(words: readonly string[]): Promise<string> {
  const { values } = parseArgs({ json: JSON_OUTPUT }, words);
  return values.json ? `${JSON.stringify(await buildInfo())}\n` : `jobq ${await versionOf()}\n`;
}
