import { randomId } from "../../core/random_id.ts";
import { FileNames } from "./file_names.ts";
import { again, writeAll } from "./fs_calls.ts";
import { codeOf, isDenied, isMissing, isNoRoom } from "./fs_errors.ts";

const FILE_MODE = 0o666;

const encoder = new TextEncoder();
const BUFFER = new Uint8Array(16_384);

/** The files of a queue, and what is in them. */
export class Files extends FileNames {
  /** Undefined when there is no such file. */
  read(path: string): string | undefined {
    try {
      return again(() => Deno.readTextFileSync(this.path(path)));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** As `read`, also undefined for what somebody else put there and is no file, or may not be read. */
  readAny(path: string): string | undefined {
    try {
      return this.read(path);
    } catch (error) {
      if (isDenied(error) || codeOf(error) === "EISDIR") return undefined;
      throw error;
    }
  }

  /** Makes a file that nobody knows of yet. @returns its length in bytes */
  async write(path: string, text: string): Promise<number> {
    const bytes = encoder.encode(text);
    using file = this.#open(path, { write: true, create: true, truncate: true });
    writeAll(file, bytes);
    if (this.isDurable) await file.sync();
    return bytes.length;
  }

  /**
   * Gives a file new content, so that readers see the old one or the new one. Not for what must survive a power loss.
   *
   * @param options.inPlaceWhenFull on a full disk, the content is written over the old one, which is at least as long
   */
  replace(path: string, text: string, { inPlaceWhenFull = false }: { inPlaceWhenFull?: boolean } = {}): void {
    const temporary = `tmp/${randomId(16)}`;
    try {
      this.#writeNow(temporary, text, { create: true, truncate: true });
    } catch (error) {
      this.removeAll(temporary);
      if (!inPlaceWhenFull || !isNoRoom(error)) throw error;
      return this.#writeNow(path, text, {});
    }
    // The name is not unique to this call, and so the answer says nothing where the call was repeated.
    again(() => {
      try {
        Deno.renameSync(this.path(temporary), this.path(path));
      } catch (error) {
        if (isMissing(error) && !this.exists(temporary)) return;
        this.removeAll(temporary);
        throw error;
      }
    });
  }

  /**
   * Adds text to a file that is there.
   *
   * @throws when there is none (`isMissing`), or no room; then part of the text may have been added
   */
  append(path: string, text: string): Appended {
    const file = again(() => Deno.openSync(this.path(path), { append: true }));
    try {
      writeAll(file, encoder.encode(text));
    } catch (error) {
      file.close();
      throw error;
    }
    return {
      sync: async () => this.isDurable ? await file.sync() : undefined,
      [Symbol.dispose]: () => file.close(),
    };
  }

  /** Reads a file, and keeps it open so that text can be added. Undefined when there is none. */
  openToAdd(path: string): { readonly text: string; add(text: string): void } & Disposable | undefined {
    let file: Deno.FsFile;
    try {
      file = again(() => Deno.openSync(this.path(path), { read: true, append: true }));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    let text = "";
    const stream = new TextDecoder();
    for (;;) {
      const read = file.readSync(BUFFER) ?? 0;
      if (read < BUFFER.length) {
        text += stream.decode(BUFFER.subarray(0, read));
        break;
      }
      text += stream.decode(BUFFER, { stream: true });
    }
    return {
      text,
      add: (more) => writeAll(file, encoder.encode(more)),
      [Symbol.dispose]: () => file.close(),
    };
  }

  /** Makes a file, empty if it is new, and opens it for reading and writing. */
  open(path: string): Deno.FsFile {
    return this.#open(path, { read: true, write: true, create: true });
  }

  #writeNow(path: string, text: string, options: Deno.OpenOptions): void {
    using file = this.#open(path, { ...options, write: true });
    writeAll(file, encoder.encode(text));
  }

  #open(path: string, options: Deno.OpenOptions): Deno.FsFile {
    if (!options.create) return this.#openOne(path, options);
    return this.inDirectory(path, () => this.#openOne(path, options));
  }

  #openOne(path: string, options: Deno.OpenOptions): Deno.FsFile {
    const file = again(() => Deno.openSync(this.path(path), options));
    if (options.create) this.share(path, FILE_MODE);
    return file;
  }
}

/** What was added to a file. */
export interface Appended extends Disposable {
  /** Resolves when it survives a power loss. */
  sync(): Promise<void>;
}
