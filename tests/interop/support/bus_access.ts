import { Buffer } from "node:buffer";
import { makeCertificate, type TestCertificate } from "../../support/service_bus_broker/certificate.ts";
import type { TempDir } from "../../support/temp_dir.ts";

/** The namespace as which the Python tool knows the broker. */
export const NAMESPACE = "jobq-interop";

/** Where Python finds what it does first. */
const SITE = new URL("../python", import.meta.url).pathname;

/** What lets both tools into a broker. */
export interface BusAccess {
  readonly certificate: TestCertificate;
  /** As Entra ID would give it. */
  readonly token: string;
  /** A folder for the PATH, with an Azure CLI that gives out the token. */
  readonly programs: string;
}

/** Makes what is needed for a day. @param dir where it lies */
export async function makeBusAccess(dir: TempDir): Promise<BusAccess> {
  const certificate = await makeCertificate(dir, [`${NAMESPACE}.servicebus.windows.net`]);
  const expiresOn = Math.floor(Date.now() / 1000) + 86_400;
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = `${part({ alg: "none" })}.${part({ exp: expiresOn })}.unsigned`;
  const programs = dir.join("programs");
  await Deno.mkdir(programs);
  // Whatever it is asked, it answers as `az account get-access-token`.
  const answer = JSON.stringify({ accessToken: token, expires_on: expiresOn });
  await Deno.writeTextFile(`${programs}/az`, `#!/bin/sh\necho '${answer}'\n`, { mode: 0o755 });
  return { certificate, token, programs };
}

/** What leads programs in Python to a broker. @param host `HOST:PORT` */
export function pythonBusEnv({ certificate, programs }: BusAccess, host: string): Record<string, string> {
  return {
    PATH: pathWith(programs),
    PYTHONPATH: SITE,
    // It would write beside the sources.
    PYTHONDONTWRITEBYTECODE: "1",
    JOBQ_TEST_BROKER: host.replace("localhost", "127.0.0.1"),
    JOBQ_TEST_BROKER_CERTIFICATE: certificate.path,
  };
}

/** A PATH on which programs of that folder come first. */
export function pathWith(programs: string): string {
  return `${programs}:${Deno.env.get("PATH") ?? ""}`;
}
