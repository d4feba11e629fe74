import { assertEquals, assertMatch } from "../../support/assert.ts";
import { Child } from "../../support/child.ts";
import { ServiceBusBroker } from "../../support/service_bus_broker/broker.ts";
import { hasOpenssl, makeCertificate } from "../../support/service_bus_broker/certificate.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { testWhere } from "../../support/testing.ts";

interface Pushed {
  readonly came: string;
  readonly logged: readonly string[];
}

/** A process that pushes to a broker with TLS, which the process trusts. */
class User implements AsyncDisposable {
  readonly broker: ServiceBusBroker;
  readonly #child: Child;
  readonly #owned: AsyncDisposableStack;

  private constructor(broker: ServiceBusBroker, child: Child, owned: AsyncDisposableStack) {
    this.broker = broker;
    this.#child = child;
    this.#owned = owned;
  }

  static async start(transport: "amqp" | "ws" | "any"): Promise<User> {
    const owned = new AsyncDisposableStack();
    const dir = owned.use(await TempDir.make());
    const certificate = await makeCertificate(dir);
    const broker = owned.use(await ServiceBusBroker.start({ queues: ["q"], certificate }));
    const child = owned.use(
      new Child("../backends/service_bus/transport_user.ts", [broker.connectionString, transport], {
        env: { NODE_EXTRA_CA_CERTS: certificate.path, DENO_CERT: certificate.path },
      }),
    );
    return new User(broker, child, owned);
  }

  async push(command: string): Promise<Pushed> {
    await this.#child.tell(`${command}\n`);
    return JSON.parse(await this.#child.line());
  }

  /** How many messages are on the queue. */
  get count(): number {
    return this.broker.queue("q").all.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

/** A network that lets nothing out by the port of AMQP: what the first that connects gets, and then the next ones. */
function closeAmqp({ broker }: User, times = 1): void {
  broker.fault({ kind: "cut" }, { at: "connect", times });
}

const TOLD = "info: sb://localhost/q cannot be reached by AMQP; trying WebSockets";

function secureTest(name: string, fn: () => Promise<void>): void {
  testWhere(hasOpenssl, "openssl", name, fn);
}

secureTest("where AMQP cannot be reached, WebSockets are used, which is said once", async () => {
  await using user = await User.start("any");
  closeAmqp(user);
  assertEquals(await user.push("a"), { came: "pushed", logged: [TOLD] });
  user.broker.cutConnections();
  assertEquals(await user.push("b"), { came: "pushed", logged: [TOLD] });
  assertEquals(user.count, 2);
});

secureTest("where the service is reached by AMQP, nothing is said of WebSockets", async () => {
  await using user = await User.start("any");
  assertEquals(await user.push("a"), { came: "pushed", logged: [] });
});

secureTest("after it was reached by AMQP once, an outage is no reason to use WebSockets", async () => {
  await using user = await User.start("any");
  await user.push("a");
  user.broker.cutConnections();
  closeAmqp(user, 3);
  assertEquals(await user.push("b"), { came: "pushed", logged: [] });
  assertEquals(user.count, 2);
});

secureTest("after it was reached by WebSockets once, an outage is no reason to use AMQP", async () => {
  await using user = await User.start("any");
  closeAmqp(user);
  await user.push("a");
  user.broker.cutConnections();
  closeAmqp(user, 3);
  assertEquals(await user.push("b"), { came: "pushed", logged: [TOLD] });
});

for (const transport of ["amqp", "ws"] as const) {
  secureTest(`--transport ${transport} uses nothing else, however often it fails`, async () => {
    await using user = await User.start(transport);
    closeAmqp(user, 3);
    assertEquals(await user.push("a"), { came: "pushed", logged: [] });
    closeAmqp(user, 1_000);
    user.broker.cutConnections();
    const { came, logged } = await user.push("b");
    assertMatch(came, /^Cannot push to "sb:\/\/localhost\/q": /);
    assertMatch(came, transport === "amqp" ? /--transport ws goes through port 443/ : /port 443/);
    assertEquals([logged, user.count], [[], 1]);
  });
}

secureTest(
  "where neither goes, the failure is told, and that WebSockets were tried is said once",
  async () => {
    await using user = await User.start("any");
    closeAmqp(user, 1_000);
    const { came, logged } = await user.push("a");
    assertMatch(came, /^Cannot push to "sb:\/\/localhost\/q": /);
    assertEquals(logged, [TOLD]);
    user.broker.heal();
    assertEquals((await user.push("b")).came, "pushed");
  },
);
