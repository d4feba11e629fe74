/** Puts a file to a destination; prints how much memory it had before, and at most, in bytes. */
import { openBlobDestination } from "../../../src/backends/azure/blob_sync_open.ts";

const [url = "", connection = "", path = "", small = ""] = Deno.args;
const env = (name: string) => name === "JOBQ_CONNECTION_STRING" ? connection : undefined;
await using destination = await openBlobDestination(url, { env });
const put = async (file: string, name: string) => {
  const { size } = await Deno.stat(file);
  await destination.put({ path: file, name, sizeBytes: size, modifiedAt: 0, mode: 0o644 });
};
// What the SDK takes is not what the file takes.
await put(small, "small");
const before = Deno.memoryUsage().rss;
let most = before;
const timer = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 5);
await Promise.all([put(path, "large"), put(path, "large too")]);
clearInterval(timer);
await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify({ before, most })}\n`));
