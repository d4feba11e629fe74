import type { Connection } from "./connection.ts";

/** Runs several statements that only read, all on the same state of the file. */
export function readSnapshot<T>(
  connection: Connection,
  action: string,
  { statements, signal }: { statements: () => T; signal?: AbortSignal },
): Promise<T> {
  const { database } = connection;
  return connection.read(action, () => {
    database.exec("BEGIN");
    try {
      return statements();
    } finally {
      if (database.isTransaction) database.exec("ROLLBACK");
    }
  }, signal);
}
