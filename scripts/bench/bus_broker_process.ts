import type { BrokerOptions } from "../../tests/support/service_bus_broker/broker.ts";
import { TextLineStream } from "../../tests/support/text_line_stream.ts";
import { denoRun, sibling } from "./processes.ts";

/** A Service Bus namespace that does not share a thread with what is measured. It ends with this process at the latest. */
export class BusBrokerProcess implements AsyncDisposable {
  /** `HOST:PORT` */
  readonly host: string;
  readonly connectionString: string;
  readonly #child: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  private constructor(
    child: Deno.ChildProcess,
    answers: ReadableStreamDefaultReader<string>,
    { host, connectionString }: { host: string; connectionString: string },
  ) {
    this.host = host;
    this.connectionString = connectionString;
    this.#child = child;
    this.#requests = child.stdin.getWriter();
    this.#answers = answers;
  }

  /** Answers when it listens. */
  static async start({ certificate }: Pick<BrokerOptions, "certificate"> = {}): Promise<BusBrokerProcess> {
    const [file = "", ...args] = denoRun(sibling("bus_broker.ts"), JSON.stringify({ certificate }));
    const child = new Deno.Command(file, { args, stdin: "piped", stdout: "piped" }).spawn();
    const answers = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
      .getReader();
    return new BusBrokerProcess(child, answers, JSON.parse(await nextLine(answers)));
  }

  /** Makes a queue with the settings that jobq gives its own; answers its name. */
  async newQueue(): Promise<string> {
    const name = `bench-${crypto.randomUUID()}`;
    await this.#ask(`queue ${name}`);
    return name;
  }

  /** Breaks all connections. */
  async cutConnections(): Promise<void> {
    await this.#ask("cut");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {});
    await this.#answers.cancel().catch(() => {});
    await this.#child.status;
  }

  async #ask(command: string): Promise<void> {
    await this.#requests.write(new TextEncoder().encode(`${command}\n`));
    await nextLine(this.#answers);
  }
}

async function nextLine(lines: ReadableStreamDefaultReader<string>): Promise<string> {
  const { value, done } = await lines.read();
  if (done) throw new Error("the broker ended early");
  return value;
}
