/** The ways to sign in, through the real identity SDK in a process of its own, against fakes on this machine. */
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { askToken, CLI, fakeCli, NO_CLI } from "./ask_token.ts";
import { FakeService } from "./fake_service.ts";
import { SECRETS } from "./no_secret.ts";

test("the Azure CLI's login gives a token, once for all who ask", async () => {
  await using dir = await fakeCli(`
echo "$*" >> "$CALLS"
printf '{"accessToken":"%s","expires_on":%s,"tokenType":"Bearer"}' "$TOKEN" 4000000000`);
  const answer = await askToken({ PATH: dir.path, CALLS: dir.join("calls"), TOKEN: SECRETS.token }, {
    count: 3,
  });
  assertEquals(answer, {
    before: CLI,
    label: CLI,
    tokens: [SECRETS.token, SECRETS.token, SECRETS.token],
    lines: [`info: signed in to acct with ${CLI}`],
  });
  assertEquals(
    await Deno.readTextFile(dir.join("calls")),
    "account get-access-token --output json --resource https://storage.azure.com\n",
  );
});

test("without the Azure CLI there is no token, and it is said what to do", async () => {
  const { error, lines } = await askToken(NO_CLI);
  assertEquals([error, lines], [{
    name: "AccessDeniedError",
    message: `Cannot sign in to "acct": no token from ${CLI} (it is not installed)`,
    hint: 'run "az login", or give a connection string with --conn-str',
  }, []]);
});

test("the Azure CLI without a login says so", async () => {
  await using dir = await fakeCli(`echo "ERROR: Please run 'az login' to setup account." >&2; exit 1`);
  const { error } = await askToken({ PATH: dir.path });
  assertEquals(error?.message, `Cannot sign in to "acct": no token from ${CLI} (nobody is logged in)`);
});

test("what the Azure CLI says is cut to a line without secrets", async () => {
  await using dir = await fakeCli(`echo "ERROR: it broke with $TOKEN" >&2; echo more >&2; exit 1`);
  const { error } = await askToken({ PATH: dir.path, TOKEN: SECRETS.token });
  assertEquals(error?.message, `Cannot sign in to "acct": no token from ${CLI} (ERROR: it broke with ***)`);
});

for (const variable of ["DEFAULT_IDENTITY_CLIENT_ID", "AZURE_CLIENT_ID"]) {
  test(`the managed identity of ${variable} gives a token`, async () => {
    await using imds = new FakeService(() =>
      Response.json({ access_token: SECRETS.token, expires_on: "4000000000", token_type: "Bearer" })
    );
    const answer = await askToken({
      ...NO_CLI,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: imds.url,
      [variable]: "the-client",
    });
    const label = `the managed identity of $${variable}`;
    assertEquals([answer.tokens, answer.label, answer.lines], [[SECRETS.token], label, [
      `info: signed in to acct with ${label}`,
    ]]);
    assertMatch(imds.asked[0]?.url ?? "", /resource=https%3A%2F%2Fstorage\.azure\.com&client_id=the-client$/);
  });
}

test("where the managed identity is unknown, the Azure CLI's login is taken", async () => {
  await using imds = new FakeService(() =>
    Response.json({ error: "invalid_request", error_description: "Identity not found" }, { status: 400 })
  );
  await using dir = await fakeCli(`printf '{"accessToken":"%s","expires_on":4000000000}' "$TOKEN"`);
  const answer = await askToken({
    PATH: dir.path,
    TOKEN: SECRETS.token,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: imds.url,
    DEFAULT_IDENTITY_CLIENT_ID: "the-client",
  });
  assertEquals([answer.label, answer.tokens], [CLI, [SECRETS.token]]);
});

test("where no way gives a token, each is named with its reason", async () => {
  await using imds = new FakeService(() =>
    Response.json({ error: "invalid_request", error_description: "Identity not found" }, { status: 400 })
  );
  const { error } = await askToken({
    ...NO_CLI,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: imds.url,
    AZURE_CLIENT_ID: "the-client",
  });
  assertEquals([error?.name, error?.message], [
    "AccessDeniedError",
    'Cannot sign in to "acct": no token from the managed identity of $AZURE_CLIENT_ID (Identity not found), ' +
    `nor from ${CLI} (it is not installed)`,
  ]);
});
