import { isTrustedHost, parseBlobUrl } from "../../../src/backends/azure/blob_sync_address.ts";
import { UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, SECRETS } from "./no_secret.ts";

test("a URL names account, container and directory", () => {
  assertEquals(parseBlobUrl("https://acct.blob.core.windows.net/results/team/run%201/"), {
    account: "acct",
    serviceUrl: "https://acct.blob.core.windows.net",
    container: "results",
    prefix: "team/run 1",
    sas: undefined,
    name: "https://acct.blob.core.windows.net/results/team/run%201",
  });
});

test("the container alone is enough", () => {
  const { container, prefix } = parseBlobUrl("https://acct.blob.core.windows.net/results");
  assertEquals([container, prefix], ["results", ""]);
});

test("in all clouds, and behind private links and zones, the account is the host's first part", () => {
  const hosts = [
    "blob.core.usgovcloudapi.net",
    "blob.core.chinacloudapi.cn",
    "privatelink.blob.core.windows.net",
    "z01.blob.storage.azure.net",
  ];
  for (const host of hosts) {
    const { account, serviceUrl } = parseBlobUrl(`https://acct.${host}/results/a`);
    assertEquals([account, serviceUrl, isTrustedHost(serviceUrl)], ["acct", `https://acct.${host}`, true]);
  }
});

test("at the emulator the account is the first part of the path", () => {
  const { account, serviceUrl, container, prefix } = parseBlobUrl(
    "http://127.0.0.1:10000/devstoreaccount1/results/a/b",
  );
  assertEquals([account, serviceUrl, container, prefix], [
    "devstoreaccount1",
    "http://127.0.0.1:10000/devstoreaccount1",
    "results",
    "a/b",
  ]);
});

test("a SAS is taken from the query and stands in no name", () => {
  const sas = `sv=2024-11-04&sp=cw&sr=c&sig=${SECRETS.signature}`;
  const address = parseBlobUrl(`https://acct.blob.core.windows.net/results/a?${sas}`);
  assertEquals([address.sas, address.name], [sas, "https://acct.blob.core.windows.net/results/a"]);
});

test("hosts of others are not trusted, but those under a given suffix are", () => {
  const hosts = [
    "acct.blob.example.org",
    "acct.blob.core.windows.net.example.org",
    "core.windows.net",
    "acct.core.windows.net",
  ];
  for (const host of hosts) assertEquals(isTrustedHost(`https://${host}`), false, host);
  assertEquals(
    isTrustedHost("https://acct.blob.local.azurestack.external", "local.azurestack.external"),
    true,
  );
});

const REFUSED: readonly [string, RegExp][] = [
  ["/data/out", /it is no http or https URL$/],
  ["ftp://acct.blob.core.windows.net/results", /it is no http or https URL$/],
  ["https://acct.blob.core.windows.net/", /it names no container$/],
  ["https://acct.blob.core.windows.net/Results/a", /it names no container that can be$/],
  ["https://acct.blob.core.windows.net/re--sults/a", /it names no container that can be$/],
  [`https://acct.blob.core.windows.net/${"x".repeat(64)}`, /it names no container that can be$/],
  ["https://acct.blob.core.windows.net/results/a%zz", /it has a % that begins no %XX$/],
  ["https://acct.blob.core.windows.net/results/a%5Cb", /takes a backslash for a slash$/],
  ["https://acct.blob.core.windows.net/results/a#1", /it has a #$/],
  ["https://acct.dfs.core.windows.net/results/a", /it is not the blob service's URL$/],
  ["https://acct.queue.core.windows.net/results/a", /it is not the blob service's URL$/],
  ["https://results.example.org/results/a", /its host names no storage account$/],
  [`https://user:${SECRETS.key}@acct.blob.core.windows.net/results`, /it holds a user name or a password$/],
];
for (const [text, reason] of REFUSED) {
  test(`${text.replace(SECRETS.key, "KEY").slice(0, 70)} is refused, without what could be a secret`, () => {
    const error = assertThrows(() => parseBlobUrl(`${text}?sig=${SECRETS.signature}`), UsageError);
    assertMatch(error.message, reason);
    assertKeepsSecrets(error);
  });
}
