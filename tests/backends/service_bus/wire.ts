import { systemClock } from "../../../src/core/clock.ts";

/** A way to a broker that a test can make slow or dead, as a network does without a word to either end. */
export class Wire implements AsyncDisposable {
  /** How much later than it was sent all that the broker says arrives, in ms. */
  delayMs = 0;
  /** Whether nothing arrives any more, in either direction; who connects is not even greeted. */
  isDead = false;
  readonly #listener: Deno.TcpListener;
  readonly #target: Deno.ConnectOptions;
  readonly #open = new Set<Deno.Conn>();
  readonly #work = new Set<Promise<void>>();
  readonly #end = new AbortController();

  private constructor(target: Deno.ConnectOptions) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#track(this.#accept());
  }

  /** @param connectionString of the broker, with its host and port */
  static to(connectionString: string): Wire {
    const [, hostname = "", port] = /\/\/([^:]+):(\d+)/.exec(connectionString) ?? [];
    return new Wire({ hostname, port: Number(port) });
  }

  /** The same connection string, but through this wire. */
  through(connectionString: string): string {
    return connectionString.replace(/:\d+;/, `:${(this.#listener.addr as Deno.NetAddr).port};`);
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#open.size / 2;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#listener.close();
    for (const end of this.#open) end.close();
    this.#open.clear();
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) this.#track(this.#join(client));
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    const broker = await Deno.connect(this.#target);
    for (const end of [client, broker]) {
      end.setNoDelay();
      this.#open.add(end);
    }
    await Promise.all([this.#pass(client, broker, () => 0), this.#pass(broker, client, () => this.delayMs)]);
  }

  /** Hands on what comes, in order. */
  async #pass(from: Deno.TcpConn, to: Deno.TcpConn, delayMs: () => number): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let last: Promise<unknown> = Promise.resolve();
    try {
      for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
        const bytes = buffer.slice(0, size);
        const late = systemClock.sleep(delayMs(), this.#end.signal);
        last = Promise.all([last, late]).then(() => this.#write(to, bytes));
        this.#track(last.then(() => {}));
      }
    } catch {
      // One of the ends is gone; the other one learns it now.
    }
    await last;
    for (const end of [from, to]) if (this.#open.delete(end)) end.close();
  }

  async #write(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
    if (this.isDead) return;
    try {
      for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
    } catch {
      // It is gone, as what reads from it learns.
    }
  }

  #track(work: Promise<void>): void {
    const done = work.finally(() => this.#work.delete(done));
    this.#work.add(done);
  }
}
