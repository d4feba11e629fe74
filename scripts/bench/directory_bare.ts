/** Files in one directory, as a page of a queue holds them. */
const PAGE = 128;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * The least that a queue of files can do: a job is a file that is written elsewhere and renamed to where it waits; it is
 * taken by renaming it, read, gets two lines, and is renamed once more. One process, which knows where it is.
 */
export class BareDirectory {
  readonly #root: string;
  readonly #isDurable: boolean;
  #pushed = 0;
  #taken = 0;

  constructor(root: string, { isDurable }: { isDurable: boolean }) {
    this.#root = root;
    this.#isDurable = isDurable;
    for (const name of ["", "tmp", "ready", "held", "done"]) Deno.mkdirSync(`${root}/${name}`);
  }

  async push(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const page = this.#page("ready", this.#pushed);
      const name = String(this.#pushed++);
      const temporary = `${this.#root}/tmp/${name}`;
      {
        using file = Deno.openSync(temporary, { write: true, create: true });
        file.writeSync(encoder.encode(`${line}\n`));
        if (this.#isDurable) await file.sync();
      }
      Deno.renameSync(temporary, `${page}/${name}`);
      if (!this.#isDurable) continue;
      using directory = Deno.openSync(page, { read: true });
      await directory.sync();
    }
  }

  async take(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const name = String(this.#taken);
      const held = `${this.#root}/held/${name}`;
      Deno.renameSync(`${this.#root}/ready/${Math.floor(this.#taken / PAGE)}/${name}`, held);
      decoder.decode(Deno.readFileSync(held));
      for (const line of ["started\n", "completed\n"]) {
        using file = Deno.openSync(held, { append: true });
        file.writeSync(encoder.encode(line));
        if (this.#isDurable && line.startsWith("completed")) await file.sync();
      }
      Deno.renameSync(held, `${this.#page("done", this.#taken++)}/${name}`);
    }
  }

  /** The directory of a file, which the first of them makes. */
  #page(place: string, index: number): string {
    const page = `${this.#root}/${place}/${Math.floor(index / PAGE)}`;
    if (index % PAGE === 0) Deno.mkdirSync(page);
    return page;
  }
}
