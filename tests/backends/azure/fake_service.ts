/** What a fake service is asked. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

/** An HTTP server on this machine that answers as it is told, for as long as its scope. */
export class FakeService implements AsyncDisposable {
  /** All that it was asked, in order. */
  readonly asked: Asked[] = [];
  /** What it answers from now on. */
  answer: Answer;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #isEncrypted: boolean;

  /** @param tls a certificate and its key, as PEM, for https */
  constructor(answer: Answer, tls?: { readonly cert: string; readonly key: string }) {
    this.answer = answer;
    this.#isEncrypted = tls !== undefined;
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => {}, ...tls };
    this.#server = Deno.serve(options, async (request) => {
      const { pathname, search } = new URL(request.url);
      const { method, headers } = request;
      const asked = { method, url: pathname + search, headers, body: await request.text() };
      this.asked.push(asked);
      return await this.answer(asked);
    });
  }

  get url(): string {
    return `${this.#isEncrypted ? "https" : "http"}://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** How a storage service refuses. */
export function refusal(status: number, code: string, headers: Record<string, string> = {}): Response {
  const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>The service's words.
RequestId:00000000-0000-0000-0000-000000000000</Message></Error>`;
  return new Response(text, {
    status,
    headers: { "content-type": "application/xml", "x-ms-error-code": code, ...headers },
  });
}

/** How the queue service answers a message that was pushed. */
export function accepted(): Response {
  const text =
    `<?xml version="1.0" encoding="utf-8"?><QueueMessagesList><QueueMessage><MessageId>1</MessageId>
<InsertionTime>Mon, 23 Nov 2026 00:00:00 GMT</InsertionTime><ExpirationTime>Fri, 31 Dec 9999 23:59:59 GMT</ExpirationTime>
<PopReceipt>r</PopReceipt><TimeNextVisible>Mon, 23 Nov 2026 00:00:00 GMT</TimeNextVisible></QueueMessage></QueueMessagesList>`;
  return new Response(text, { status: 201, headers: { "content-type": "application/xml" } });
}
