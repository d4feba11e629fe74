/** How much a line matters; a sink shows its own level and all above. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What is known besides the sentence; values that are undefined are left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Takes one line of news. Secrets never go in, and nobody has to wait for it. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogRecord {
  readonly level: LogLevel;
  /** Ms since the epoch. */
  readonly at: number;
  readonly message: string;
  readonly fields: LogFields;
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that hands every record of at least `level` to `sink`. */
export function createLogger(
  level: LogLevel,
  sink: (record: LogRecord) => void,
  now: () => number = Date.now,
): Logger {
  const at = (own: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (ORDER[own] >= ORDER[level]) sink({ level: own, at: now(), message, fields });
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Says nothing. */
export const silentLogger: Logger = createLogger("error", () => {});
