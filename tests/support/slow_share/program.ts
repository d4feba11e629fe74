/**
 * Does to files what each line of its standard input tells, `[["write", PATH], ["rename", PATH, PATH], …]` in JSON, and
 * prints a line on what became of them, also in JSON: what was found, or the error's code, or its message.
 */
import { print } from "../script.ts";
import { TextLineStream } from "../text_line_stream.ts";

type Operation = (path: string, other: string) => Promise<unknown>;

const OPERATIONS: Readonly<Record<string, Operation>> = {
  write: (path) => Deno.writeTextFile(path, "text"),
  create: (path) => Deno.writeTextFile(path, "text", { createNew: true }),
  read: (path) => Deno.readTextFile(path),
  stat: async (path) => (await Deno.stat(path)).size >= 0,
  lstat: async (path) => (await Deno.lstat(path)).size >= 0,
  list: async (path) => (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort(),
  rename: (path, other) => Deno.rename(path, other),
  link: (path, other) => Deno.link(path, other),
  mkdir: (path) => Deno.mkdir(path),
  remove: (path) => Deno.remove(path),
  touch: (path) => Deno.utime(path, new Date(), new Date()),
  lock: async (path) => {
    using file = await Deno.open(path, { write: true, create: true });
    return await file.tryLock(true);
  },
  "lock database": async (path) => {
    const { DatabaseSync } = await import("node:sqlite");
    using database = new DatabaseSync(path);
    database.exec("CREATE TABLE numbers (n)");
  },
};

for await (
  const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
) {
  const results: unknown[] = [];
  for (const [name, path, other = ""] of JSON.parse(line) as [string, string, string?][]) {
    const operation = OPERATIONS[name];
    if (!operation) throw new Error(`There is no operation ${name}`);
    results.push(await operation(path, other).then((answer) => answer ?? "done", codeOf));
  }
  await print(JSON.stringify(results));
}

function codeOf(error: Error & { code?: string }): string {
  return error.code?.startsWith("E") ? error.code : error.message.replace(/ \(os error \d+\).*/, "");
}
