import { UsageError } from "../../core/errors.ts";
import { type Logger, silentLogger } from "../../log/logger.ts";
import type { Address } from "../address.ts";
import type { OpenQueueOptions } from "../registry.ts";
import { Askpass } from "./askpass.ts";
import type { Channel, Connect } from "./channel.ts";
import { findSsh } from "./find_ssh.ts";
import { remoteLine, sshArguments } from "./ssh_command.ts";
import { explainSshEnd } from "./ssh_failure.ts";
import { SshProcess } from "./ssh_process.ts";

/** The address of a queue on another host. */
export type SshAddress = Extract<Address, { kind: "ssh" }>;

/** What ssh does not need, and the other side could be sent by a SendEnv. */
const OWN_SECRETS = ["JOBQ_SSH_PASSWORD", "JOBQ", "JOBQ_STORAGE_QUEUE", "JOBQ_CONNECTION_STRING"];

let hasWarned = false;

/**
 * What starts an ssh for each connection to the queue, and by it a jobq over there.
 *
 * @throws {UsageError} for a bad name of the program over there, {BackendError} when there is no ssh here
 */
export async function sshConnector(
  address: SshAddress,
  {
    create = true,
    durability = "full",
    ssh = {},
    log = silentLogger,
    env = (variable) => Deno.env.get(variable),
  }: OpenQueueOptions,
): Promise<Connect> {
  const { shown: name, place, host, port, user } = address;
  const program = programOf(ssh.remoteJobq ?? env("JOBQ_REMOTE_JOBQ"));
  const password = address.password || env("JOBQ_SSH_PASSWORD") || undefined;
  const hasPassword = password !== undefined;
  if (hasPassword) warnOfPassword(log);
  const path = await findSsh(env("PATH"), name);
  const args = sshArguments({
    host,
    port,
    user,
    mayAsk: ssh.mayAsk ?? false,
    hasPassword,
    remoteLine: remoteLine({ program, place, create, durability }),
  });
  const environment = inheritedEnv();
  return async (signal?: AbortSignal): Promise<Channel> => {
    signal?.throwIfAborted();
    // One for each ssh: it may be asked long after this, when the connection was lost.
    const askpass = password === undefined ? undefined : await Askpass.make(password, env("DISPLAY"));
    try {
      return SshProcess.start({
        ssh: path,
        args,
        env: environment,
        askpass,
        explain: (end) => explainSshEnd(end, { name, host: { host, port, user }, program, hasPassword }),
        onLine: (line) => log.debug(`ssh ${host}: ${line}`),
      });
    } catch (error) {
      await askpass?.[Symbol.asyncDispose]();
      throw error;
    }
  };
}

/** What ssh gets of this process's environment. */
function inheritedEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !OWN_SECRETS.includes(name)),
  );
}

/** @throws {UsageError} */
function programOf(given: string | undefined): string {
  const program = given || "jobq";
  if (!program.includes("\0") && program !== "~/") return program;
  throw new UsageError(
    `Cannot use ${JSON.stringify(program)} as the jobq on another host: it names no file`,
    {
      hint: "name it like jobq, /opt/jobq/jobq or ~/bin/jobq",
    },
  );
}

function warnOfPassword(log: Logger): void {
  if (hasWarned) return;
  hasWarned = true;
  log.warn(
    "logging in with a password: a key is safer, and works without one (ssh-keygen, ssh-copy-id HOST)",
  );
}
