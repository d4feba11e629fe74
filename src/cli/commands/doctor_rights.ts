import { UsageError } from "../../core/errors.ts";
import type { FlagValues } from "../flag.ts";
import type { CliContext } from "../context.ts";
import { COMMANDS } from "../commands.ts";
import type { COMMON_FLAGS, JSON_OUTPUT } from "../options.ts";
import { closest } from "../parse_args.ts";
import { printJson } from "../print_lines.ts";
import { callOf, keptRights, type Right, RIGHTS } from "../rights.ts";
import { formatTable } from "../table.ts";

type Flags = FlagValues<typeof COMMON_FLAGS & { json: typeof JSON_OUTPUT }>;

/** A right as a command holds it. */
interface HeldRight {
  readonly right: Right;
  readonly held: boolean;
  /** What it is limited to; undefined where it is not. */
  readonly only?: readonly string[];
  /** What it is held for. */
  readonly purpose?: string;
}

/** `jobq doctor rights COMMAND`: which of the rights that this jobq was started with a command keeps. */
export async function doctorRights(
  { io, leadingQueue }: CliContext,
  values: Flags,
  words: readonly string[],
): Promise<void> {
  const command = nameOf(words);
  const call = callOf({ command, leadingQueue, values, positionals: [], env: io.env });
  const kept = keptRights(call);
  const limits = await limitsOfBuild();
  const rights = RIGHTS.map((right) => heldRight(right, kept[right], limits[right] ?? []));
  const queue = call.address?.kind;
  if (values.json) return await printJson(io.stdout, [{ command, queue, rights }], (whole) => whole);
  const table = formatTable([
    ["RIGHT", "HELD", "FOR"],
    ...rights.map(({ right, held, only, purpose }) => [
      right,
      held ? only === undefined ? "all" : "some" : "no",
      purpose ?? "",
    ]),
  ]);
  const lists = rights.map(({ right, only }) => only === undefined ? "" : `${right}: ${only.join(", ")}\n`);
  await io.stdout.write(table + lists.join(""));
}

/** @throws {UsageError} where no command is named, or one that there is not */
function nameOf(words: readonly string[]): string {
  const [first = "", second] = words;
  if (first === "") {
    throw new UsageError("Cannot go on: COMMAND is missing", {
      hint: "write it like jobq doctor rights push",
    });
  }
  const entry = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  const isGroup = entry !== undefined && "commands" in entry;
  const name = words.join(" ");
  const names = isGroup ? Object.keys(entry.commands) : [];
  const isKnown = isGroup
    ? words.length <= 2 && (second === undefined || names.includes(second))
    : entry !== undefined && second === undefined;
  if (isKnown) return name;
  const near = closest(name, isGroup ? names.map((each) => `${first} ${each}`) : Object.keys(COMMANDS));
  throw new UsageError(`Cannot tell the rights of "${name}": there is no such command`, {
    hint: near ? `did you mean ${near}?` : "jobq --help lists the commands",
  });
}

type Limits = Readonly<Partial<Record<Right, readonly string[]>>>;

/** What the permission set that jobq is built with names, where it does not give all of a kind. */
async function limitsOfBuild(): Promise<Limits> {
  const { default: { permissions: { jobq: { net, run, sys } } } } = await import("../../../deno.json", {
    with: { type: "json" },
  });
  return { net, run, sys };
}

function heldRight(name: Right, purpose: string | undefined, listed: readonly string[]): HeldRight {
  if (purpose === undefined) return { right: name, held: false };
  if (isGranted({ name } as Deno.PermissionDescriptor)) return { right: name, held: true, purpose };
  const only = listed.filter((item) => isGranted(descriptorOf(name, item)));
  return only.length > 0 ? { right: name, held: true, only, purpose } : { right: name, held: false };
}

function descriptorOf(name: Right, item: string): Deno.PermissionDescriptor {
  switch (name) {
    case "net":
      // Of a pattern, one that it covers is asked for.
      return { name, host: item.replace(/^\*\./, "any.").replace(/\/\d+$/, "") };
    case "run":
      return { name, command: item };
    case "sys":
      return { name, kind: item } as Deno.SysPermissionDescriptor;
    default:
      return { name } as Deno.PermissionDescriptor;
  }
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}
