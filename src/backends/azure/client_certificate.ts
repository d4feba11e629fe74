export interface AssertionOptions {
  /** A PEM file with the certificate and its private RSA key. */
  readonly certificatePath: string;
  readonly tenantId: string;
  readonly clientId: string;
  readonly authorityHost: string;
}

/** How long an assertion is good, in seconds; it is used at once. */
const LIFETIME_S = 600;

/**
 * A JSON Web Token that proves the possession of a certificate's key, as Microsoft Entra ID takes it instead of a client
 * secret. The identity SDK's own credential for certificates does not work in Deno 2.9, whose `createPrivateKey` refuses
 * a PEM file that holds a certificate, too. Source of the format: "Microsoft identity platform application
 * authentication certificate credentials".
 *
 * @throws {Error} when the file cannot be read, or lacks a certificate or a key without a password
 */
export async function signAssertion(options: AssertionOptions): Promise<string> {
  const { certificatePath, tenantId, clientId, authorityHost } = options;
  const pem = await Deno.readTextFile(certificatePath);
  const certificate = blockOf(pem, "CERTIFICATE");
  if (certificate === undefined) throw new Error("the file holds no certificate");
  const thumbprint = await crypto.subtle.digest("SHA-256", certificate);
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "PS256", typ: "JWT", "x5t#S256": toBase64Url(new Uint8Array(thumbprint)) };
  const claims = {
    aud: `${authorityHost}/${tenantId}/oauth2/v2.0/token`,
    iss: clientId,
    sub: clientId,
    jti: crypto.randomUUID(),
    nbf: now,
    exp: now + LIFETIME_S,
  };
  const encoder = new TextEncoder();
  const text = [header, claims].map((part) => toBase64Url(encoder.encode(JSON.stringify(part)))).join(".");
  const algorithm = { name: "RSA-PSS", saltLength: 32 };
  const signature = await crypto.subtle.sign(algorithm, await importKey(pem), encoder.encode(text));
  return `${text}.${toBase64Url(new Uint8Array(signature))}`;
}

async function importKey(pem: string): Promise<CryptoKey> {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    throw new Error("the file's key has a password, which cannot be used here: remove it with openssl pkcs8");
  }
  const key = blockOf(pem, "PRIVATE KEY");
  if (key === undefined) throw new Error("the file holds no key in PKCS #8 (-----BEGIN PRIVATE KEY-----)");
  try {
    return await crypto.subtle.importKey("pkcs8", key, { name: "RSA-PSS", hash: "SHA-256" }, false, ["sign"]);
  } catch (error) {
    throw new Error("the file's key is no RSA key", { cause: error });
  }
}

function blockOf(pem: string, type: string): Uint8Array<ArrayBuffer> | undefined {
  const [, base64] = new RegExp(`-----BEGIN ${type}-----([^-]+)-----END ${type}-----`).exec(pem) ?? [];
  return base64 === undefined ? undefined : Uint8Array.fromBase64(base64);
}

function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
