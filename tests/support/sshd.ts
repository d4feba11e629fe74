import { CAN_SHADOW, withPassword } from "./shadow_file.ts";
import { jobqScript, makeKey, SSH_PROGRAMS, sshScript, writePrograms } from "./ssh_programs.ts";
import { writeSshConfigs } from "./sshd_config.ts";
import { TempDir } from "./temp_dir.ts";
import { waitUntil } from "./wait_until.ts";

const decoder = new TextDecoder();

/** Whether this machine has an OpenSSH server and client; for `testWhere`. */
export const HAS_SSHD = SSH_PROGRAMS !== undefined;

/** How to call that in words. */
export const SSHD = "openssh-server and openssh-client";

/** Whether a server can be started that knows a password. */
export const HAS_SSHD_PASSWORDS = HAS_SSHD && CAN_SHADOW;

/** How to call that in words. */
export const SSHD_PASSWORDS = `${SSHD}, root, and mounts of its own`;

/** What a server is told beyond the usual. */
export interface SshdOptions {
  /** Files of the directory that stands before all others in PATH over there; `jobq` is there by itself. */
  readonly remoteFiles?: Readonly<Record<string, string>>;
  /** The password of this user over there, who has no key there then; where `HAS_SSHD_PASSWORDS`. */
  readonly password?: string;
  /** More lines for the configuration of ssh, before the others: its first value counts. */
  readonly sshConfig?: readonly string[];
}

/**
 * A real OpenSSH server of this user on a free port of the loopback, with keys of its own, and a `ssh` that knows it and
 * may log in. The home directory over there is `home` in its own directory. Ends with the scope.
 */
export class Sshd implements AsyncDisposable {
  readonly directory: TempDir;
  readonly port: number;
  readonly #server: Deno.ChildProcess;
  readonly #log: Promise<string>;

  private constructor(directory: TempDir, port: number, server: Deno.ChildProcess) {
    this.directory = directory;
    this.port = port;
    this.#server = server;
    this.#log = new Response(server.stderr).text();
  }

  static async start(
    { remoteFiles = {}, sshConfig = [], password }: SshdOptions = {},
  ): Promise<Sshd> {
    if (SSH_PROGRAMS === undefined) throw new Error(`${SSHD} are missing`);
    const directory = await TempDir.make();
    await Promise.all([makeKey(directory.join("host_key")), makeKey(directory.join("user_key"))]);
    await writePrograms(directory.join("there"), { jobq: jobqScript(), ...remoteFiles });
    await Deno.mkdir(directory.join("home"));
    await writePrograms(directory.join("here"), { ssh: sshScript(directory.join("ssh_config")) });
    // Root's server wants an empty directory, which the package makes when the service is started.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
    const port = freePort();
    await writeSshConfigs(directory, port, { sshConfig, hasPassword: password !== undefined });
    const words = [SSH_PROGRAMS.sshd, "-D", "-e", "-f", directory.join("sshd_config")];
    const [program = "", ...args] = password === undefined
      ? words
      : [...await withPassword(directory, password), ...words];
    const server = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const sshd = new Sshd(directory, port, server);
    await waitUntil(() => answers(port), { what: "the SSH server" });
    return sshd;
  }

  /** The address of a path over there, with what cannot stand in an address written as one would. */
  address(path: string, { user = "", name }: { user?: string; name?: string } = {}): string {
    const login = user === "" ? "" : `${user}@`;
    const words = path.split("/").map(encodeURIComponent).join("/");
    return `ssh://${login}127.0.0.1:${this.port}${words}${name === undefined ? "" : `#${name}`}`;
  }

  /** What makes the system's ssh know this server. */
  get env(): Record<string, string> {
    return { PATH: `${this.directory.join("here")}:${Deno.env.get("PATH") ?? ""}` };
  }

  /** Ends all connections as a network does: without a word. */
  async breakConnections(): Promise<void> {
    const children = await childrenOf(this.#server.pid);
    for (const pid of [...children, ...(await Promise.all(children.map(childrenOf))).flat()]) {
      // One may have ended with the other.
      if ((await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "")).startsWith("sshd")) kill(pid);
    }
  }

  /** What the server said so far; ends it. */
  async log(): Promise<string> {
    await this.#end();
    return await this.#log;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await this.#log;
    await this.directory[Symbol.asyncDispose]();
  }

  async #end(): Promise<void> {
    try {
      this.#server.kill("SIGTERM");
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#server.status;
  }
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "pid=", "--ppid", String(pid)] }).output();
  return decoder.decode(stdout).trim().split(/\s+/).filter(Boolean).map(Number);
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A port that nobody listens on, a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function answers(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return (await connection.read(new Uint8Array(4)) ?? 0) > 0;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
