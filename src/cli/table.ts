/**
 * Lays rows out in columns for people; the last column is cut to fit `width`. Ends with a line end. Control
 * characters become blanks: a job's name must not move the cursor of whoever lists it.
 */
export function formatTable(table: readonly (readonly string[])[], width = Infinity): string {
  const rows = table.map((row) => row.map((cell) => cell.replaceAll(/\p{Cc}+/gu, " ")));
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) => {
    const line = row.map((cell, column) => column === columns - 1 ? cell : cell.padEnd(widths[column] ?? 0))
      .join("  ").trimEnd();
    return line.length > width ? `${line.slice(0, Math.max(1, width - 1))}…` : line;
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** The width in which to print to stdout: the terminal's, or none. */
export function widthOf(io: { isTerminal(stream: "stdout"): boolean; columns(): number }): number {
  return io.isTerminal("stdout") ? io.columns() : Infinity;
}
