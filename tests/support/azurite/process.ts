import { TextLineStream } from "../text_line_stream.ts";
import { installAzurite } from "./install.ts";

/** Where its services listen on 127.0.0.1. */
export interface AzuritePorts {
  readonly blob: number;
  readonly queue: number;
}

export interface AzuriteOptions {
  /** Where it keeps its files. Default: in memory. */
  readonly directory?: string;
  /** Default: free ones. */
  readonly ports?: AzuritePorts;
}

/** Of Azurite's only account, which every Azurite knows: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** What the machine may take to start it, and it to end, in ms. */
const LIMIT_MS = 30_000;

/** An Azurite with its blob and its queue service, which ends with this process at the latest. */
export class AzuriteProcess implements AsyncDisposable {
  readonly ports: AzuritePorts;
  readonly #child: Deno.ChildProcess;
  readonly #printed: Promise<unknown>;

  private constructor(ports: AzuritePorts, child: Deno.ChildProcess, printed: Promise<unknown>) {
    this.ports = ports;
    this.#child = child;
    this.#printed = printed;
  }

  /**
   * Answers when its services listen.
   *
   * @throws {Deno.errors.AddrInUse} when another process has one of the ports
   */
  static async start({ directory, ports }: AzuriteOptions = {}): Promise<AzuriteProcess> {
    const child = spawn(await installAzurite(), { directory, ports });
    const stderr = new Response(child.stderr).text();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
    try {
      const bound = await readPorts(lines);
      if (bound) return new AzuriteProcess(bound, child, Promise.all([drain(lines), stderr]));
    } finally {
      clearTimeout(timer);
    }
    await Promise.all([child.stdin.close(), child.status]);
    const reason = (await stderr).trim();
    const message = `Azurite ended before it listened: ${reason}`;
    throw reason.includes("EADDRINUSE") ? new Deno.errors.AddrInUse(message) : new Error(message);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get connectionString(): string {
    return connectionStringOf(this.ports);
  }

  /**
   * Cuts all connections, as a server does that dies, and waits until it is gone. What it had answered is in its
   * directory then.
   */
  async stop(): Promise<void> {
    await this.#child.stdin.close();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), LIMIT_MS);
    const { signal } = await this.#child.status;
    clearTimeout(timer);
    await this.#printed;
    if (signal === "SIGKILL") throw new Error("Azurite did not end by itself");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** What clients need to know of an Azurite, or of a proxy before it. */
export function connectionStringOf({ blob, queue }: AzuritePorts): string {
  return [
    "DefaultEndpointsProtocol=http",
    `AccountName=${ACCOUNT}`,
    `AccountKey=${KEY}`,
    `BlobEndpoint=http://127.0.0.1:${blob}/${ACCOUNT}`,
    `QueueEndpoint=http://127.0.0.1:${queue}/${ACCOUNT}`,
  ].join(";") + ";";
}

function spawn(bundle: string, { directory, ports }: AzuriteOptions): Deno.ChildProcess {
  const serve = new URL("serve.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--quiet", "--no-check", "--no-config", "--no-lock", serve, bundle],
      ...["--silent", "--disableTelemetry", "--skipApiVersionCheck"],
      ...["--blobPort", `${ports?.blob ?? 0}`, "--queuePort", `${ports?.queue ?? 0}`, "--tablePort", "0"],
      ...(directory === undefined ? ["--inMemoryPersistence"] : ["--location", directory]),
    ],
    env: { NODE_NO_WARNINGS: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** From "Azurite Queue service is successfully listening at http://127.0.0.1:36557"; undefined when it ends before. */
async function readPorts(lines: ReadableStream<string>): Promise<AzuritePorts | undefined> {
  const ports: Record<string, number> = {};
  for await (const line of lines.values({ preventCancel: true })) {
    const [, service, port] = /^Azurite (\w+) service is successfully listening at .*:(\d+)$/.exec(line) ??
      [];
    if (service) ports[service] = Number(port);
    const { Blob: blob, Queue: queue, Table: table } = ports;
    if (blob && queue && table) return { blob, queue };
  }
}

/** A full pipe would stop it. */
async function drain(stream: ReadableStream<string>): Promise<void> {
  await stream.pipeTo(new WritableStream());
}
