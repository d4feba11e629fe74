import { type Address, parseAddress } from "../backends/address.ts";
import { keepBootId, keepMountTable } from "../backends/kernel_files.ts";

/** The kinds of rights that Deno knows. */
export const RIGHTS = ["read", "write", "net", "run", "env", "sys", "ffi", "import"] as const;
export type Right = typeof RIGHTS[number];

/** The rights that a command keeps, and for what; all others it gives up before its own code is loaded. */
export type KeptRights = Readonly<Partial<Record<Right, string>>>;

/** What decides which rights a command needs. */
export interface Call {
  /** "push", "dead list", "doctor rights" */
  readonly command: string;
  /** The queue that it is about; undefined where there is none, or its address is wrong. */
  readonly address?: Address;
  /** It may have to sign in with a token, for which other programs and files are looked at. */
  readonly mayNeedToken?: boolean;
  /** Directories of its jobs may be synced to where only the network leads. */
  readonly mayUploadDirectories?: boolean;
}

/** Commands that run jobs, whichever queue they are on. */
const JOB_COMMANDS: ReadonlySet<string> = new Set(["worker", "pull"]);
/** Commands that are about no queue. */
const QUEUELESS: ReadonlySet<string> = new Set(["completions", "doctor", "doctor rights", "doctor __helper"]);

/** The one table of what each command needs. */
export function keptRights({ command, address, mayNeedToken, mayUploadDirectories }: Call): KeptRights {
  const { kind } = address ?? {};
  const isFile = kind === "sqlite" || kind === "directory" || command.startsWith("doctor");
  const isAzure = kind === "storage-queue" || kind === "service-bus";
  // `run` takes a job itself only where its process outlives nobody else's: in a file of this machine.
  const runsJobs = JOB_COMMANDS.has(command) || command === "run" && kind === "sqlite";
  const signsIn = isAzure && mayNeedToken;
  return {
    read: "jobq's own code, queue files, certificates",
    env: "settings; jobs inherit the environment",
    ...given("write", {
      "queue files": isFile && command !== "doctor rights",
      "jobs' logs, results and synced directories": runsJobs,
      "a helper that hands ssh a password": kind === "ssh",
      "the places where the Azure SDK looks for logins": signsIn,
    }),
    ...given("net", {
      "the queue's service, and where tokens come from": isAzure,
      "jobs' directories that are synced to a blob container": runsJobs && mayUploadDirectories,
    }),
    ...given("run", {
      "jobs, their gates, and what watches over them": runsJobs,
      "ssh": kind === "ssh",
      "az, for its login": signsIn,
      "df, and a second jobq to probe with": command === "doctor",
    }),
    ...given("sys", {
      "this machine's name": runsJobs,
      "the system's name and certificates, which the Azure SDK asks for": isAzure,
    }),
  };
}

function given(right: Right, purposes: Readonly<Record<string, boolean | undefined>>): KeptRights {
  const met = Object.entries(purposes).filter(([, isMet]) => isMet).map(([purpose]) => purpose);
  return met.length > 0 ? { [right]: met.join("; ") } : {};
}

/** What of a command line decides over rights. */
export interface CommandLine {
  readonly command: string;
  /** The queue before the command. */
  readonly leadingQueue?: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
  readonly env: (name: string) => string | undefined;
}

/** What of a command line decides over rights. What is wrong with the line is for the command to say. */
export function callOf({ command: name, leadingQueue, values, positionals, env }: CommandLine): Call {
  const [first] = positionals;
  const command = name === "doctor" && (first === "rights" || first === "__helper")
    ? `doctor ${first}`
    : name;
  const named = [leadingQueue, values.queue, env("JOBQ"), env("JOBQ_STORAGE_QUEUE")].find((text) => text);
  const text = command === "serve" ? first : named;
  const isKnown = QUEUELESS.has(command) || (text !== undefined && typeof text !== "string");
  const secrets = [values.connStr, values.sas, env("JOBQ_CONNECTION_STRING")];
  return {
    command,
    address: isKnown ? undefined : tryParse(text, env),
    mayNeedToken: !secrets.some((secret) => secret),
    mayUploadDirectories: values.bgDirsyncNet === true,
  };
}

function tryParse(text: string | undefined, env: CommandLine["env"]): Address | undefined {
  try {
    return parseAddress(text, env);
  } catch {
    return undefined;
  }
}

/** Gives up, for good, all rights of this process that the command does not need. */
export function dropRights(call: Call): void {
  // It tells which rights it finds.
  if (call.command === "doctor rights") return;
  const kept = keptRights(call);
  if (kept.run === undefined) prepare(call.address);
  for (const name of RIGHTS) {
    if (kept[name] === undefined) Deno.permissions.revokeSync({ name } as Deno.PermissionDescriptor);
  }
}

/** What is found out with rights that are given up. */
function prepare(address: Address | undefined): void {
  if (address?.kind === "sqlite") keepMountTable(address.path.replace(/[^/]*$/, "") || ".");
  if (address?.kind === "directory") keepBootId();
}
