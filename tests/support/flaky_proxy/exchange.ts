/** What a proxy needs of HTTP: whole requests and whole answers. */
import http from "node:http";
import type { Fault } from "./fault.ts";

export interface Answer {
  readonly status: number;
  /** Names and values in turn, as `node:http` has them. */
  readonly headers: readonly string[];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Of the connection, not of the message. */
const HOP_HEADERS: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding"]);

/** Asks `target` what the client asked, with the client's own headers, which its signature covers. */
export async function forward(
  request: http.IncomingMessage,
  { body, target }: { body: Uint8Array; target: URL },
): Promise<Answer> {
  const { hostname, port } = target;
  // On connections that are used again, Deno asks twice where the first answer fails to come.
  const agent = false;
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  http.request(
    { hostname, port, method: request.method, path: request.url, headers: request.rawHeaders, agent },
    resolve,
  ).on("error", reject).end(body);
  const answer = await promise;
  const headers = pairs(answer.rawHeaders).filter(([name = ""]) => !HOP_HEADERS.has(name.toLowerCase()))
    .flat();
  return { status: answer.statusCode ?? 0, headers, body: await readAll(answer) };
}

/** What a service says that refuses. */
export function refusal({ status, code, headers = {} }: Fault & { kind: "answer" }): Answer {
  const text = code === undefined
    ? ""
    : `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>A test wants it.</Message></Error>`;
  const body = new TextEncoder().encode(text);
  const ofCode = code === undefined ? {} : { "content-type": "application/xml", "x-ms-error-code": code };
  const all = { ...ofCode, "content-length": `${body.length}`, ...headers };
  return { status, headers: Object.entries(all).flat(), body };
}

export function send(response: http.ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, [...headers]);
  response.end(body);
}

export async function readAll(message: http.IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function pairs(list: readonly string[]): string[][] {
  return list.flatMap((name, index) => index % 2 === 0 ? [[name, list[index + 1] ?? ""]] : []);
}
