/** As much of XML and of its durations as management needs. */

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}

/** The text of the first element of that name. */
export function elementText(xml: string, name: string): string | undefined {
  return new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^>]*)?>([^<]*)<`).exec(xml)?.[1];
}

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/;

/** The longest duration of .NET, which stands for "never". */
const FOREVER = "P10675199DT2H48M5.4775807S";

/** Infinity for the service's "never". @returns undefined if it is no duration, in ms otherwise */
export function parseIsoDuration(text: string): number | undefined {
  const parts = DURATION.exec(text);
  if (parts === null) return undefined;
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0));
  if (days !== undefined && days >= 10_000_000) return Infinity;
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000 + (seconds ?? 0) * 1000;
}

export function formatIsoDuration(ms: number): string {
  if (ms === Infinity) return FOREVER;
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const rest = seconds % 86_400;
  if (rest === 0 && ms % 1000 === 0 && days > 0) return `P${days}D`;
  const time = [
    [Math.floor(rest / 3600), "H"],
    [Math.floor(rest % 3600 / 60), "M"],
    [rest % 60 + ms % 1000 / 1000, "S"],
  ].filter(([amount]) => amount !== 0).map(([amount, unit]) => `${amount}${unit}`).join("");
  return `P${days > 0 ? `${days}D` : ""}T${time || "0S"}`;
}
