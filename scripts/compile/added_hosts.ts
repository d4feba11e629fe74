import { UsageError } from "../../src/core/errors.ts";

const LABEL = "[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?";
const HOST = new RegExp(
  `^(?:(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*|\\[[0-9a-f:.]+\\])(?::([1-9][0-9]{0,4}))?$`,
  "i",
);

/**
 * Reads `JOBQ_BUILD_ALLOW_NET`: hosts with commas between them, each with a port or not, `*.` for all below a domain.
 *
 * @throws {UsageError} when something else stands there
 */
export function parseAddedHosts(text: string): string[] {
  if (text.trim() === "") return [];
  return text.split(",").map((part) => {
    const host = part.trim();
    const match = HOST.exec(host);
    if (match === null || Number(match[1] ?? 1) > 65_535) {
      throw new UsageError(`Cannot allow "${host}" in JOBQ_BUILD_ALLOW_NET: it is not a host`, {
        hint: "write hosts like proxy.example.org,10.0.0.7:8443,*.example.org with commas between them",
      });
    }
    return host;
  });
}
