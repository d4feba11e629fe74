/** The ways to sign in to Microsoft Entra ID, through the real identity SDK in a process of its own, against a fake over TLS. */
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { testWhere } from "../../support/testing.ts";
import { askToken, NO_CLI } from "./ask_token.ts";
import { hasOpenssl, makeCertificate } from "./certificate.ts";
import { accepted, type Asked, FakeService } from "./fake_service.ts";
import { SECRETS } from "./no_secret.ts";

const giveToken = () =>
  Response.json({ token_type: "Bearer", expires_in: 3600, access_token: SECRETS.token });

/** A fake of Microsoft Entra ID over TLS, and the variables with which a process trusts and uses it. */
async function entra(dir: TempDir, answer: (asked: Asked) => Response | Promise<Response>) {
  const { cert, key, certPath } = await makeCertificate(dir);
  const service: FakeService = new FakeService((asked) => {
    const tenant = `${service.url}/the-tenant`;
    return asked.url.endsWith("/openid-configuration")
      ? Response.json({
        issuer: `${tenant}/v2.0`,
        token_endpoint: `${tenant}/oauth2/v2.0/token`,
        authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
        jwks_uri: `${tenant}/keys`,
      })
      : answer(asked);
  }, { cert, key });
  const env = {
    ...NO_CLI,
    NODE_EXTRA_CA_CERTS: certPath,
    AZURE_AUTHORITY_HOST: service.url,
    AZURE_TENANT_ID: "the-tenant",
    AZURE_CLIENT_ID: "the-client",
  };
  return { service, env, tls: { cert, key }, form: () => new URLSearchParams(service.asked.at(-1)?.body) };
}

const testTls = (name: string, fn: () => Promise<void>) => testWhere(hasOpenssl, "openssl", name, fn);

testTls("a client secret gives a token of the authority that the environment names", async () => {
  await using dir = await TempDir.make();
  const { service, env, form } = await entra(dir, giveToken);
  await using _ = service;
  const answer = await askToken({ ...env, AZURE_CLIENT_SECRET: SECRETS.clientSecret });
  assertEquals([answer.label, answer.tokens], ["the client secret of $AZURE_CLIENT_SECRET", [SECRETS.token]]);
  assertEquals([form().get("client_id"), form().get("client_secret")], ["the-client", SECRETS.clientSecret]);
});

testTls("a wrong client secret is named with the authority's words, and not shown", async () => {
  await using dir = await TempDir.make();
  const { service, env } = await entra(dir, () =>
    Response.json({
      error: "invalid_client",
      error_description:
        `AADSTS7000215: Invalid client secret '${SECRETS.clientSecret}' provided.\r\nTrace ID: 1`,
    }, { status: 401 }));
  await using _ = service;
  const { error } = await askToken({ ...env, AZURE_CLIENT_SECRET: SECRETS.clientSecret });
  assertEquals(
    error?.message,
    'Cannot sign in to "acct": no token from the client secret of $AZURE_CLIENT_SECRET ' +
      "(AADSTS7000215: Invalid client secret '***' provided), nor from the Azure CLI's login (it is not installed)",
  );
});

testTls("an authority that is busy may answer later", async () => {
  await using dir = await TempDir.make();
  const headers = { "retry-after": "0" };
  const { service, env } = await entra(dir, () => new Response("busy", { status: 429, headers }));
  await using _ = service;
  const { error } = await askToken({ ...env, AZURE_CLIENT_SECRET: SECRETS.clientSecret });
  assertEquals(error?.name, "BackendError");
  assertMatch(error?.message ?? "", /\$AZURE_CLIENT_SECRET \(it answered with status 429\)/);
});

testTls("a workload identity gives a token for its federated one", async () => {
  await using dir = await TempDir.make();
  const { service, env, form } = await entra(dir, giveToken);
  await using _ = service;
  await Deno.writeTextFile(dir.join("federated"), "the-assertion\n");
  const answer = await askToken({ ...env, AZURE_FEDERATED_TOKEN_FILE: dir.join("federated") });
  assertEquals([answer.label, answer.tokens], [
    "the workload identity of $AZURE_FEDERATED_TOKEN_FILE",
    [SECRETS.token],
  ]);
  assertEquals(form().get("client_assertion"), "the-assertion");
});

testTls("a client certificate gives a token for an assertion that it signed", async () => {
  await using dir = await TempDir.make();
  const { service, env, form } = await entra(dir, giveToken);
  await using _ = service;
  await using own = await TempDir.make();
  const certificate = await makeCertificate(own);
  const answer = await askToken({ ...env, AZURE_CLIENT_CERTIFICATE_PATH: certificate.bothPath });
  assertEquals([answer.label, answer.tokens], [
    "the certificate of $AZURE_CLIENT_CERTIFICATE_PATH",
    [SECRETS.token],
  ]);
  const assertion = form().get("client_assertion") ?? "";
  const [header, claims] = assertion.split(".").slice(0, 2).map((part) =>
    JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(part, { alphabet: "base64url" })))
  );
  assertEquals(header, { alg: "PS256", typ: "JWT", "x5t#S256": await certificate.thumbprint() });
  assertEquals([claims.aud, claims.iss, claims.sub], [
    `${service.url}/the-tenant/oauth2/v2.0/token`,
    "the-client",
    "the-client",
  ]);
  assert(await certificate.verifies(assertion), "the signature is wrong");
});

testTls("a certificate's file that lacks a key is named", async () => {
  await using dir = await TempDir.make();
  const { service, env } = await entra(dir, giveToken);
  await using _ = service;
  const { error } = await askToken({ ...env, AZURE_CLIENT_CERTIFICATE_PATH: env.NODE_EXTRA_CA_CERTS });
  assertMatch(error?.message ?? "", /\$AZURE_CLIENT_CERTIFICATE_PATH \(the file holds no key in PKCS #8/);
});

testTls("a token travels to the queue service, and is got for the first request", async () => {
  await using dir = await TempDir.make();
  const { service, env, tls } = await entra(dir, giveToken);
  await using _ = service;
  await using queues = new FakeService(accepted, tls);
  const endpoint = `${queues.url}/acct`;
  const { error } = await askToken({ ...env, AZURE_CLIENT_SECRET: SECRETS.clientSecret }, {
    count: 0,
    endpoint,
  });
  assertEquals([error, queues.asked.map(({ headers }) => headers.get("authorization"))], [
    undefined,
    [`Bearer ${SECRETS.token}`],
  ]);
});

testTls("a request without a token is not sent, and fails with the sign-in's own error", async () => {
  await using dir = await TempDir.make();
  const { cert, key, certPath } = await makeCertificate(dir);
  await using queues = new FakeService(accepted, { cert, key });
  const env = { ...NO_CLI, NODE_EXTRA_CA_CERTS: certPath };
  const { error } = await askToken(env, { count: 0, endpoint: `${queues.url}/acct` });
  assertEquals([error?.name, queues.asked.length], ["AccessDeniedError", 0]);
});
