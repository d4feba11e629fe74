import { isWithinLimit, type Quantity, ratioOf, type Result } from "./result.ts";

const HEADER = ["benchmark", "measured", "figure", "baseline", "ratio", "limit", ""] as const;
/** Columns of texts; the others hold numbers and end at the right. */
const LEFT = new Set([0, 1, 6]);

/** All results as one table, for people. */
export function formatTable(results: ReadonlyMap<string, readonly Result[]>): string {
  const rows = [...results].flatMap(([name, lines]) => lines.map((line) => cellsOf(name, line)));
  const widths = HEADER.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0))
  );
  const format = (row: readonly string[]) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return LEFT.has(column) ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd();
  return [HEADER, widths.map((width) => "─".repeat(width)), ...rows].map((row) => `${format(row)}\n`).join(
    "",
  );
}

function cellsOf(name: string, result: Result): readonly string[] {
  const { what, figure, baseline } = result;
  const ratio = ratioOf(result);
  const isWithin = isWithinLimit(result);
  return [
    name,
    what,
    formatQuantity(figure),
    baseline ? formatQuantity(baseline) : "",
    ratio === undefined ? "" : ratio.toFixed(2),
    formatLimit(result),
    isWithin === undefined ? "" : isWithin ? "ok" : "SHORT",
  ];
}

function formatLimit({ limit, figure }: Result): string {
  if (limit === undefined) return "";
  const sign = limit.at === "least" ? "≥" : "≤";
  return limit.of === "ratio" ? `${sign} ${limit.value.toFixed(2)}` : `${sign} ${limit.value} ${figure.unit}`;
}

function formatQuantity({ value, unit }: Quantity): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toLocaleString("en-US", { maximumFractionDigits: digits })} ${unit}`;
}
