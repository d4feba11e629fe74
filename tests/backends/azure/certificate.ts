import type { TempDir } from "../../support/temp_dir.ts";

/** A certificate of this machine's address that nobody but the tests trusts, and its key. */
export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  readonly certPath: string;
  /** A file with both. */
  readonly bothPath: string;
  /** Of the certificate, SHA-256, in the alphabet of URLs. */
  thumbprint(): Promise<string>;
  /** Whether a JSON Web Token with PS256 was signed with the key. */
  verifies(token: string): Promise<boolean>;
}

/** Whether this machine can make certificates. */
export const hasOpenssl = await isRunnable("openssl");

export async function makeCertificate(dir: TempDir): Promise<Certificate> {
  const [certPath, keyPath, publicPath] = [dir.join("cert.pem"), dir.join("key.pem"), dir.join("public.pem")];
  await openssl(
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-keyout",
    keyPath,
    "-out",
    certPath,
  );
  await openssl("rsa", "-in", keyPath, "-pubout", "-out", publicPath);
  const cert = await Deno.readTextFile(certPath);
  const key = await Deno.readTextFile(keyPath);
  const publicKey = await Deno.readTextFile(publicPath);
  await Deno.writeTextFile(dir.join("both.pem"), key + cert);
  return {
    cert,
    key,
    certPath,
    bothPath: dir.join("both.pem"),
    thumbprint: async () => toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", bytesOf(cert)))),
    verifies: async (token) => {
      const algorithm = { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 };
      const imported = await crypto.subtle.importKey("spki", bytesOf(publicKey), algorithm, false, [
        "verify",
      ]);
      const end = token.lastIndexOf(".");
      const signature = Uint8Array.fromBase64(token.slice(end + 1), { alphabet: "base64url" });
      return await crypto.subtle.verify(
        algorithm,
        imported,
        signature,
        new TextEncoder().encode(token.slice(0, end)),
      );
    },
  };
}

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdout: "null", stderr: "piped" })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function isRunnable(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["version"], stdout: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function bytesOf(pem: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(pem.replaceAll(/-----[^-]+-----/g, ""));
}

function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
