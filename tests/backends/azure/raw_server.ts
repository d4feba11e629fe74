/** What a raw server does with a connection after its request has come. */
type Deed = (connection: Deno.Conn) => void | Promise<void>;

/** A server that speaks no HTTP by itself: it reads a request and does a deed, for cut connections and garbage. */
export class RawServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  readonly #open = new Set<Deno.Conn>();
  readonly #ended: Promise<void>;
  /** How many connections came. */
  count = 0;

  constructor(deed: Deed) {
    this.#ended = this.#serve(deed);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #serve(deed: Deed): Promise<void> {
    for await (const connection of this.#listener) {
      this.count++;
      this.#open.add(connection);
      await connection.read(new Uint8Array(65_536));
      await deed(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#ended;
    for (const connection of this.#open) {
      try {
        connection.close();
      } catch (error) {
        // Its deed was to close it.
        if (!(error instanceof Deno.errors.BadResource)) throw error;
      }
    }
  }
}
