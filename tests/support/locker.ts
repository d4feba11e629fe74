/** Holds the write lock of an SQLite file until its standard input ends: `locker.ts PATH`. */
import { DatabaseSync } from "node:sqlite";
import { print, untilStdinEnds } from "./script.ts";

const database = new DatabaseSync(Deno.args[0] ?? "");
database.exec("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE");
await print("locked");
await untilStdinEnds();
database.exec("COMMIT");
database.close();
await print("unlocked");
