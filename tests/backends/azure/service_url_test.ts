import { isLoopback, urlsOfEndpoint } from "../../../src/backends/azure/service_url.ts";
import { UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, SECRETS } from "./no_secret.ts";

test("a suffix gives the hosts of both services", () => {
  for (
    const suffix of ["core.usgovcloudapi.net", ".core.usgovcloudapi.net", "queue.core.usgovcloudapi.net"]
  ) {
    assertEquals(urlsOfEndpoint(suffix, "acct"), {
      queueUrl: "https://acct.queue.core.usgovcloudapi.net",
      blobUrl: "https://acct.blob.core.usgovcloudapi.net",
    });
  }
});

test("a queue service's URL gives the blob service's where its host says so", () => {
  const urls = [
    "https://acct.queue.core.windows.net/",
    "https://acct.z01.queue.storage.azure.net",
    "http://127.0.0.1:10001/acct",
    "https://queues.example.org",
  ];
  assertEquals(urls.map((url) => urlsOfEndpoint(url, "acct")), [
    { queueUrl: "https://acct.queue.core.windows.net", blobUrl: "https://acct.blob.core.windows.net" },
    {
      queueUrl: "https://acct.z01.queue.storage.azure.net",
      blobUrl: "https://acct.z01.blob.storage.azure.net",
    },
    { queueUrl: "http://127.0.0.1:10001/acct", blobUrl: undefined },
    { queueUrl: "https://queues.example.org", blobUrl: undefined },
  ]);
});

test("the URL of another account is refused with its name", () => {
  for (
    const url of [
      "https://other.queue.core.windows.net",
      "http://localhost:10001/other",
      "https://other-secondary.queue.core.windows.net",
    ]
  ) {
    const { message } = assertThrows(() => urlsOfEndpoint(url, "acct"), UsageError);
    assertEquals(message, 'Cannot use --endpoint for "acct": it is the URL of the account "other"');
  }
});

const REFUSED: readonly [string, string][] = [
  ["nonsense", "it is no DNS suffix"],
  ["127.0.0.1", "it is no DNS suffix"],
  ["core.windows.net/acct", "it is no DNS suffix"],
  ["ftp://acct.queue.core.windows.net", "it is no http or https URL"],
  ["https://", "it is no http or https URL"],
  ["https://acct.blob.core.windows.net", "it is not the queue service's URL"],
  [
    `https://acct.queue.core.windows.net/?sv=1&sig=${SECRETS.signature}`,
    "it holds more than the place of the service; a SAS goes to --sas",
  ],
];
for (const [endpoint, reason] of REFUSED) {
  test(`${endpoint.slice(0, 36)} is refused as an endpoint`, () => {
    const error = assertThrows(() => urlsOfEndpoint(endpoint, "acct"), UsageError);
    assertEquals(error.message, `Cannot use --endpoint for "acct": ${reason}`);
    assertKeepsSecrets(error);
  });
}

test("only this machine's own names are loopback", () => {
  const hosts = [
    "127.0.0.1",
    "127.1.2.3",
    "localhost",
    "a.localhost",
    "[::1]",
    "10.0.0.1",
    "127.example.org",
    "localhost.example.org",
  ];
  assertEquals(hosts.filter((host) => isLoopback(`http://${host}/`)), hosts.slice(0, 5));
});
