import { plainText } from "./plain_text.ts";

/** Rows of a table; the first may be the head. */
export type Rows = readonly (readonly string[])[];

/**
 * Lays rows out in columns for people; the last column is cut to fit `width`. Ends with a line end. A job's name must
 * not move the cursor of whoever lists it: control characters become blanks.
 */
export function formatTable(table: Rows, width = Infinity): string {
  let text = "";
  for (const line of tableLines(table, width)) text += `${line}\n`;
  return text;
}

/** The lines of a table, one by one, for tables of any length. */
export function* tableLines(table: Rows, width = Infinity): Generator<string> {
  const rows = table.map((row) => row.map(plainText));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, cell.length));
  }
  for (const row of rows) {
    const line = row.map((cell, column) =>
      cell.padEnd(column === widths.length - 1 ? 0 : widths[column] ?? 0)
    )
      .join("  ").trimEnd();
    yield line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line;
  }
}

/** The width in which to print to stdout: the terminal's, or none. */
export function widthOf(io: { isTerminal(stream: "stdout"): boolean; columns(): number }): number {
  return io.isTerminal("stdout") ? io.columns() : Infinity;
}
