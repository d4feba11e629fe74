import { assertEquals } from "../assert.ts";
import { TempDir } from "../temp_dir.ts";
import { testWhere } from "../testing.ts";
import { ServiceBusBroker } from "./broker.ts";
import { hasOpenssl, makeCertificate } from "./certificate.ts";

/** What a client in a process of its own, which trusts the certificate, receives of what it sends. */
async function roundTrip(transport: "amqp" | "ws"): Promise<[string, ServiceBusBroker]> {
  await using dir = await TempDir.make();
  const certificate = await makeCertificate(dir);
  await using broker = await ServiceBusBroker.start({ queues: ["q"], certificate });
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("secure_client.ts", import.meta.url).pathname, transport],
    env: {
      BROKER: broker.connectionString,
      NODE_EXTRA_CA_CERTS: certificate.path,
      DENO_CERT: certificate.path,
    },
    stderr: "inherit",
  }).output();
  return [new TextDecoder().decode(stdout), broker];
}

for (const transport of ["amqp", "ws"] as const) {
  testWhere(hasOpenssl, "openssl", `the SDK sends and receives through TLS (${transport})`, async () => {
    const [output, broker] = await roundTrip(transport);
    assertEquals([output, broker.queue("q").all], ["hello\n", []]);
  });
}
