/**
 * Runs Azurite until the standard input ends, which it does when whoever started it is gone, killed or not:
 * `serve.ts BUNDLE [OPTION OF AZURITE…]`.
 */
import http from "node:http";
import process from "node:process";

const servers: http.Server[] = [];
const { createServer } = http;
http.createServer = ((...args: Parameters<typeof createServer>) => {
  const server = createServer(...args);
  servers.push(server);
  return server;
}) as typeof createServer;

const [bundle = ""] = process.argv.splice(2, 1);
await import(`file://${bundle}`);
await Deno.stdin.readable.pipeTo(new WritableStream());

// Azurite goes on answering while it writes its files for the last time. Nobody may hear of what they miss.
for (const server of servers) {
  server.close();
  server.closeAllConnections();
}
Deno.kill(Deno.pid, "SIGTERM");
