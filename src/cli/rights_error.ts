import { AccessDeniedError, type JobqError } from "../core/errors.ts";

/** What the runtime says of something that this process has no right to, and what that means. */
const REFUSALS: readonly (readonly [RegExp, (what: string) => Explained])[] = [
  [/Requires net access to "([^"]*)", run again with the --allow-net flag/, ofHost],
  [/(?:the service answered EPERM: )?(?:getaddrinfo|connect) EPERM ([\w.:[\]-]+)/, ofHost],
  [/Requires all access to "([^"]*)", run again with the --allow-all flag/, (path) => ({
    reason:
      `jobq has no right to "${path}": what the system keeps under /dev, /proc and /sys is closed to it`,
    hint: "name a place in another directory, for example under /tmp",
  })],
  [
    /Requires --allow-run permissions to spawn subprocess with (\w+) environment variable[^\n]*/,
    (name) => ({
      reason: `jobq has no right to start a program with ${name}`,
      hint: "this is a defect of jobq; unset that variable to go on",
    }),
  ],
  [/Requires (\w+ access to "[^"]*"), run again with the --allow-\w+ flag/, (what) => ({
    reason: `this command has no right to ${what}`,
    hint: 'this is a defect of jobq; "jobq doctor rights COMMAND" shows which rights a command holds',
  })],
];

interface Explained {
  readonly reason: string;
  readonly hint: string;
}

function ofHost(host: string): Explained {
  const name = host.replace(/:\d+$/, "");
  return {
    reason: `jobq has no right to connect to "${host}"`,
    hint: `build one that has: JOBQ_BUILD_ALLOW_NET=${name} deno task compile; ` +
      '"jobq doctor rights COMMAND" lists the hosts it may use, and which commands use the network',
  };
}

/** The error for what failed because this process lacks a right; undefined for what failed otherwise. */
export function explainRefusal(error: unknown): JobqError | undefined {
  if (!(error instanceof Error)) return undefined;
  for (const [sentence, explain] of REFUSALS) {
    const [whole, what = ""] = sentence.exec(error.message) ?? [];
    if (whole === undefined) continue;
    const { reason, hint } = explain(what);
    const isKnown = error.message.startsWith("Cannot ");
    const message = isKnown ? error.message.replace(whole, () => reason) : `Cannot go on: ${reason}`;
    return new AccessDeniedError(message, { hint, cause: error });
  }
  return undefined;
}
