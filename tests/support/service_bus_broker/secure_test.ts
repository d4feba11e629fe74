import { assertEquals } from "../assert.ts";
import { TempDir } from "../temp_dir.ts";
import { testWhere } from "../testing.ts";
import { type BrokerOptions, ServiceBusBroker } from "./broker.ts";

const hasOpenssl = await runs("openssl", ["version"]);

async function runs(program: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" })
      .output();
    return success;
  } catch {
    return false;
  }
}

/** A certificate of its own for localhost, in files of `dir`. */
async function makeCertificate(dir: TempDir): Promise<Required<BrokerOptions>["certificate"]> {
  const [key, cert] = [`${dir.path}/key.pem`, `${dir.path}/cert.pem`];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const subject = [...names, "-addext", "basicConstraints=critical,CA:FALSE"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await runs("openssl", ["req", "-x509", ...curve, ...subject, "-days", "2", "-keyout", key, "-out", cert]);
  return { key: await Deno.readTextFile(key), cert: await Deno.readTextFile(cert) };
}

/** What a client in a process of its own, which trusts the certificate, receives of what it sends. */
async function roundTrip(transport: "amqp" | "ws"): Promise<[string, ServiceBusBroker]> {
  await using dir = await TempDir.make();
  const certificate = await makeCertificate(dir);
  await using broker = await ServiceBusBroker.start({ queues: ["q"], certificate });
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("secure_client.ts", import.meta.url).pathname, transport],
    env: {
      BROKER: broker.connectionString,
      NODE_EXTRA_CA_CERTS: `${dir.path}/cert.pem`,
      DENO_CERT: `${dir.path}/cert.pem`,
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
