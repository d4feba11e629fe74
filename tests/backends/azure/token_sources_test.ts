import { cloudOf } from "../../../src/backends/azure/cloud.ts";
import { tokenSources } from "../../../src/backends/azure/token_sources.ts";
import { assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

/** The labels of the ways that apply, without their articles. */
function labels(...names: string[]): readonly string[] {
  const env = (name: string) => names.includes(name) ? "value" : undefined;
  return tokenSources(env, cloudOf(() => undefined)).map(({ label }) => label);
}

const CLI = "the Azure CLI's login";
const DEFAULT_IDENTITY = "the managed identity of $DEFAULT_IDENTITY_CLIENT_ID";
const IDENTITY = "the managed identity of $AZURE_CLIENT_ID";
const WORKLOAD = "the workload identity of $AZURE_FEDERATED_TOKEN_FILE";
const SECRET = "the client secret of $AZURE_CLIENT_SECRET";
const CERTIFICATE = "the certificate of $AZURE_CLIENT_CERTIFICATE_PATH";
const PASSWORD = "the password of $AZURE_PASSWORD";

const TENANT = "AZURE_TENANT_ID";
const CLIENT = "AZURE_CLIENT_ID";
const FILE = "AZURE_FEDERATED_TOKEN_FILE";

const TABLE: readonly [readonly string[], readonly string[]][] = [
  [[], [CLI]],
  [["DEFAULT_IDENTITY_CLIENT_ID"], [DEFAULT_IDENTITY, CLI]],
  [[CLIENT], [IDENTITY, CLI]],
  [[CLIENT, TENANT], [IDENTITY, CLI]],
  [[CLIENT, FILE], [IDENTITY, CLI]],
  [[CLIENT, "AZURE_CLIENT_SECRET"], [IDENTITY, CLI]],
  [[CLIENT, TENANT, "AZURE_USERNAME"], [IDENTITY, CLI]],
  [["DEFAULT_IDENTITY_CLIENT_ID", CLIENT], [DEFAULT_IDENTITY, CLI]],
  [[CLIENT, TENANT, FILE], [WORKLOAD, CLI]],
  [[TENANT, FILE], [CLI]],
  [[CLIENT, TENANT, "AZURE_CLIENT_SECRET"], [SECRET, CLI]],
  [[CLIENT, TENANT, "AZURE_CLIENT_CERTIFICATE_PATH"], [CERTIFICATE, CLI]],
  [[CLIENT, TENANT, "AZURE_USERNAME", "AZURE_PASSWORD"], [PASSWORD, CLI]],
  [[TENANT, "AZURE_CLIENT_SECRET"], [CLI]],
  [[CLIENT, TENANT, FILE, "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH"], [WORKLOAD, SECRET, CLI]],
  [["DEFAULT_IDENTITY_CLIENT_ID", CLIENT, TENANT, FILE], [DEFAULT_IDENTITY, WORKLOAD, CLI]],
];
for (const [variables, expected] of TABLE) {
  test(`the ways to sign in with ${variables.join(", ") || "no variable"}`, () => {
    assertEquals(labels(...variables), expected);
  });
}

test("an empty variable is an unset one", () => {
  const env = (name: string) => name === CLIENT ? "" : undefined;
  assertEquals(tokenSources(env, cloudOf(() => undefined)).map(({ label }) => label), [CLI]);
});
