import { once } from "node:events";
import http from "node:http";
import { systemClock } from "../../src/core/clock.ts";
import { connectionStringOf } from "./azurite/process.ts";
import { type Answer, forward, readAll, refusal, send } from "./flaky_proxy/exchange.ts";
import {
  ArmedFault,
  type Fault,
  type FaultOptions,
  type SeenRequest,
  type Service,
} from "./flaky_proxy/fault.ts";

const SERVICES = ["blob", "queue"] as const;

/** Stands between a test's clients and Azurite, and does to their requests what networks and busy services do. */
export class FlakyProxy implements AsyncDisposable {
  readonly #requests: SeenRequest[] = [];
  readonly #targets: Record<Service, URL>;
  readonly #ports: Record<Service, number> = { blob: 0, queue: 0 };
  readonly #end = new AbortController();
  readonly #handled = new Set<Promise<void>>();
  #faults: ArmedFault[] = [];
  #servers: http.Server[] = [];

  private constructor(target: string) {
    this.#targets = { blob: endpoint(target, "Blob"), queue: endpoint(target, "Queue") };
  }

  /** Answers when it listens, at free ports. @param target Azurite's connection string */
  static async start(target: string): Promise<FlakyProxy> {
    const proxy = new FlakyProxy(target);
    await proxy.up();
    return proxy;
  }

  /** What its clients connect to: the same account, at the proxy's ports. */
  get connectionString(): string {
    return connectionStringOf(this.#ports);
  }

  /** All that came, in their order. */
  get requests(): readonly Readonly<SeenRequest>[] {
    return this.#requests;
  }

  /** Has `fault` befall requests to come. Of several that match a request, the one that was given first does. */
  fault(fault: Fault, options: FaultOptions = {}): void {
    this.#faults.push(new ArmedFault(fault, options));
  }

  /** Forgets the faults that have not befallen anything yet. */
  heal(): void {
    this.#faults = [];
  }

  /** Breaks all connections and refuses new ones, as while a network or a service is down. */
  async down(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    await Promise.all(servers.map(async (server) => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    }));
  }

  /** Ends what `down()` began, at the same ports. */
  async up(): Promise<void> {
    if (this.#servers.length > 0) return;
    for (const service of SERVICES) {
      const server = http.createServer((request, response) => {
        const handled = this.#handle(service, request, response).catch(() => void request.socket.destroy());
        this.#handled.add(handled);
        handled.then(() => this.#handled.delete(handled));
      });
      this.#servers.push(server);
      server.listen(this.#ports[service], "127.0.0.1");
      await once(server, "listening");
      this.#ports[service] = portOf(server);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.down();
    await Promise.all(this.#handled);
  }

  async #handle(
    service: Service,
    request: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    const target = this.#targets[service];
    const body = await readAll(request);
    const { method = "", url = "" } = request;
    const seen: SeenRequest = {
      service,
      method,
      path: url.replace(target.pathname, ""),
      at: Date.now(),
    };
    this.#requests.push(seen);
    const armed = this.#faults.find((one) => one.takes(seen));
    seen.fault = armed?.fault.kind;
    let answer = armed?.when === "before" ? await this.#befall(armed.fault) : undefined;
    answer ??= await forward(request, { body, target });
    if (armed?.when === "after") answer = await this.#befall(armed.fault) ?? answer;
    if (answer === "cut") return void request.socket.destroy();
    if (request.socket.destroyed) return;
    seen.status = answer.status;
    send(response, answer);
  }

  /** Answers what the client gets in place of the service's answer, if anything. */
  async #befall(fault: Fault): Promise<Answer | "cut" | undefined> {
    switch (fault.kind) {
      case "answer":
        return refusal(fault);
      case "cut":
        return "cut";
      case "delay":
        return void await systemClock.sleep(fault.ms, this.#end.signal);
      default:
        return fault satisfies never;
    }
  }
}

function endpoint(connectionString: string, service: "Blob" | "Queue"): URL {
  const [, url = ""] = new RegExp(`${service}Endpoint=([^;]+)`).exec(connectionString) ?? [];
  return new URL(url);
}

function portOf(server: http.Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
