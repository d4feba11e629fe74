import config from "../../../deno.json" with { type: "json" };
import { BackendError, JobqError } from "../../core/errors.ts";
import type { Capabilities, Queue } from "../../core/queue.ts";
import { shownText } from "./frames.ts";
import type { LineReader } from "./line_reader.ts";
import { type Hello, type HelloQueue, PROTOCOL } from "./messages.ts";
import { decodeError, encodeError } from "./remote_errors.ts";
import { toWire, type WireNumber } from "./wire_numbers.ts";

/** A login shell may print this much before the hello, in bytes. */
const MAX_BANNER_BYTES = 64 * 1024;
const MAX_HELLO_BYTES = 64 * 1024;

/** What a server says first of the queue that it serves. */
export function helloOf(queue: Queue): Hello {
  const { name, capabilities, leaseMany, resume, logs } = queue;
  return {
    jobq: "hello",
    protocol: PROTOCOL,
    version: config.version,
    queue: {
      name,
      capabilities: toWire(capabilities),
      leasesMany: leaseMany !== undefined,
      resumes: resume !== undefined,
      logs: logs?.place,
    },
  };
}

/** What a server says that has no queue to serve. */
export function helloOfFailure(error: unknown): Hello {
  return { jobq: "hello", protocol: PROTOCOL, version: config.version, error: encodeError(error) };
}

/** The other side did not say hello; the launcher may know more. */
export class NoHelloError extends BackendError {
  /** What it said instead: at most 200 characters. */
  readonly said: string;
  /** It said nothing more after that. */
  readonly hasEnded: boolean;

  constructor(name: string, said: string, hasEnded: boolean) {
    const what = said === "" ? "ended without an answer" : `said "${said}" instead of what jobq says`;
    super(`Cannot open "${name}": the other side ${what}`, {
      hint:
        "check with `ssh HOST jobq --version` that the same jobq is on both sides, and that it is the one that runs",
    });
    this.said = said;
    this.hasEnded = hasEnded;
  }
}

/**
 * Reads what a server says first, past what a login shell prints before.
 *
 * @param name of the queue, for errors
 * @throws {JobqError} why there is nothing to talk to
 */
export async function readHello(lines: LineReader, name: string): Promise<HelloQueue> {
  const banner: Uint8Array[] = [];
  let hasEnded = false;
  for (let left = MAX_BANNER_BYTES; left >= 0;) {
    let line: Uint8Array | undefined;
    try {
      line = await lines.next(MAX_HELLO_BYTES);
    } catch (error) {
      // A line without an end is no hello; else the stream failed, as it does when what it comes from has ended.
      hasEnded = !(error instanceof JobqError);
      break;
    }
    hasEnded = line === undefined;
    if (line === undefined) break;
    const hello = parseHello(line);
    if (hello !== undefined) return queueOf(hello, name);
    banner.push(line);
    left -= line.length + 1;
  }
  throw new NoHelloError(name, shownText(joinLines([...banner, lines.rest])), hasEnded);
}

/** The facts about a queue, as they were before they were sent. */
export function capabilitiesOf({ capabilities }: HelloQueue): Capabilities {
  const facts = Object.entries<boolean | WireNumber>(capabilities).map(([name, value]) => [
    name,
    // No fact is a text.
    typeof value === "string" ? Number(value) : value,
  ]);
  // Others may reach the queue when we cannot.
  return { ...Object.fromEntries(facts) as Capabilities, sharedOutages: false };
}

function parseHello(line: Uint8Array): Hello | undefined {
  const text = new TextDecoder().decode(line);
  if (!text.startsWith('{"jobq":"hello"')) return undefined;
  try {
    return JSON.parse(text) as Hello;
  } catch {
    return undefined;
  }
}

function queueOf({ protocol, version, error, queue }: Hello, name: string): HelloQueue {
  if (protocol !== PROTOCOL) {
    const [older, newer] = protocol > PROTOCOL ? ["here", "there"] : ["there", "here"];
    throw new BackendError(
      `Cannot open "${name}": jobq ${version} on the other side speaks version ${protocol} of the protocol, ` +
        `and jobq ${config.version} here version ${PROTOCOL}`,
      { hint: `use the same jobq on both sides: copy the one from ${newer} to ${older}` },
    );
  }
  if (error !== undefined) throw decodeError(error);
  if (queue !== undefined) return queue;
  throw new BackendError(
    `Cannot open "${name}": jobq ${version} on the other side says nothing of its queue`,
    {
      hint: "use the same jobq on both sides",
    },
  );
}

function joinLines(lines: readonly Uint8Array[]): Uint8Array {
  const text = lines.map((line) => new TextDecoder().decode(line)).join("\n");
  return new TextEncoder().encode(text);
}
