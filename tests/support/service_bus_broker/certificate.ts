import type { TempDir } from "../temp_dir.ts";
import type { Certificate } from "./front.ts";

/** A certificate that nobody but the tests trusts. */
export interface TestCertificate extends Certificate {
  /** The file with the certificate alone, for those who are to trust it. */
  readonly path: string;
}

/** Whether this machine can make certificates. */
export const hasOpenssl = await runs("version");

/** Makes a certificate of this machine. @param names other names that lead to the broker */
export async function makeCertificate(
  dir: TempDir,
  names: readonly string[] = [],
): Promise<TestCertificate> {
  const [keyPath, path] = [dir.join("key.pem"), dir.join("cert.pem")];
  const all = ["DNS:localhost", "IP:127.0.0.1", ...names.map((name) => `DNS:${name}`)];
  const subject = ["-subj", "/CN=localhost", "-addext", `subjectAltName=${all.join(",")}`];
  const usage = ["-addext", "basicConstraints=critical,CA:FALSE"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const made = ["-days", "2", "-keyout", keyPath, "-out", path];
  if (!await runs("req", "-x509", ...curve, ...subject, ...usage, ...made)) {
    throw new Error("openssl makes no certificate");
  }
  return { path, cert: await Deno.readTextFile(path), key: await Deno.readTextFile(keyPath) };
}

async function runs(...args: string[]): Promise<boolean> {
  try {
    const command = new Deno.Command("openssl", { args, stdout: "null", stderr: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
