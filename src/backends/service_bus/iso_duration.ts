const DURATION =
  /^P(?:(?<days>\d+(?:\.\d+)?)D)?(?:T(?:(?<hours>\d+(?:\.\d+)?)H)?(?:(?<minutes>\d+(?:\.\d+)?)M)?(?:(?<seconds>\d+(?:\.\d+)?)S)?)?$/;
const UNITS = { days: 86_400_000, hours: 3_600_000, minutes: 60_000, seconds: 1_000 };

/** Reads a duration as queues have them ("PT5M", "P7DT12H"), in ms; undefined when it is none. */
export function parseIsoDuration(text: string): number | undefined {
  const { groups } = DURATION.exec(text) ?? {};
  if (groups === undefined) return undefined;
  return Object.entries(UNITS).reduce((sum, [name, unitMs]) => sum + Number(groups[name] ?? 0) * unitMs, 0);
}

/** Writes a duration of whole ms as the service reads it. */
export function formatIsoDuration(ms: number): string {
  const [days, rest] = [Math.floor(ms / UNITS.days), ms % UNITS.days];
  return (days > 0 ? `P${days}D` : "P") + (rest > 0 || days === 0 ? `T${rest / UNITS.seconds}S` : "");
}
