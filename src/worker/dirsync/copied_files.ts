import type { FileState } from "./file_state.ts";

/** The numbers of one file, in this order: size, modifiedAt, changedAt, inode, copiedAt, mark. */
const WIDTH = 6;
const [SIZE, MODIFIED_AT, CHANGED_AT, INODE, COPIED_AT, MARK] = [0, 1, 2, 3, 4, 5] as const;

/** Which files were copied and what they were like: 48 bytes for each beside its name, for there may be 100,000s. */
export class CopiedFiles {
  readonly #rows = new Map<string, number>();
  readonly #free: number[] = [];
  #numbers = new Float64Array(WIDTH * 64);
  #mark = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** Notes that this version of the file was copied at `copiedAt`, ms since the epoch. */
  add(name: string, state: FileState, copiedAt: number): void {
    const row = this.#rows.get(name) ?? this.#free.pop() ?? this.#rows.size;
    this.#rows.set(name, row);
    const at = row * WIDTH;
    if (at >= this.#numbers.length) {
      const more = new Float64Array(this.#numbers.length * 2);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    const { sizeBytes, modifiedAt, changedAt, inode } = state;
    this.#numbers.set([sizeBytes, modifiedAt, changedAt, inode, copiedAt, this.#mark], at);
  }

  /** When this very version was copied, ms since the epoch, and keeps it from the next `sweep`; undefined if it was not. */
  find(name: string, state: FileState): number | undefined {
    const row = this.#rows.get(name);
    if (row === undefined) return undefined;
    const numbers = this.#numbers;
    const at = row * WIDTH;
    numbers[at + MARK] = this.#mark;
    const isSame = numbers[at + SIZE] === state.sizeBytes && numbers[at + MODIFIED_AT] === state.modifiedAt &&
      numbers[at + CHANGED_AT] === state.changedAt && numbers[at + INODE] === state.inode;
    return isSame ? numbers[at + COPIED_AT] : undefined;
  }

  /** Forgets a file. */
  delete(name: string): void {
    const row = this.#rows.get(name);
    if (row === undefined) return;
    this.#rows.delete(name);
    this.#free.push(row);
  }

  /** Forgets the files that nobody added or looked for since the last time. */
  sweep(): void {
    for (const [name, row] of this.#rows) {
      if (this.#numbers[row * WIDTH + MARK] !== this.#mark) this.delete(name);
    }
    this.#mark++;
  }
}
