import { hostOfEndpoint, hostOfNamespace, hostOfUrl } from "../../../src/backends/service_bus/bus_host.ts";
import { UsageError } from "../../../src/core/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";
import { SECRETS } from "../azure/no_secret.ts";

const SUFFIX = "servicebus.windows.net";

const NAMESPACES: readonly [string, string][] = [
  ["myns", "myns.servicebus.windows.net"],
  ["My-NS-1", "my-ns-1.servicebus.windows.net"],
  ["myns.servicebus.windows.net", "myns.servicebus.windows.net"],
  ["myns.servicebus.windows.net:5671", "myns.servicebus.windows.net:5671"],
  ["localhost", "localhost"],
  ["localhost:1234", "localhost:1234"],
  ["emulator:5672", "emulator:5672"],
  ["127.0.0.1", "127.0.0.1"],
];
for (const [namespace, host] of NAMESPACES) {
  test(`the namespace ${namespace} is at ${host}`, () => {
    assertEquals(hostOfNamespace(namespace, SUFFIX), host);
  });
}

for (
  const namespace of [
    "my_ns",
    "my ns",
    "-myns",
    "myns-",
    "myns:0",
    "myns:65536",
    "myns:x",
    "a..b",
    "käse",
    "[::1]",
  ]
) {
  test(`${namespace} is no namespace`, () => {
    const error = assertThrows(() => hostOfNamespace(namespace, SUFFIX), UsageError);
    assertEquals(error.message, `Cannot use "${namespace}" as a namespace: it is neither a name nor a host`);
    assertMatch(error.hint ?? "", /myns\.servicebus\.windows\.net/);
  });
}

test("an empty namespace is refused", () => {
  const error = assertThrows(() => hostOfNamespace("", SUFFIX), UsageError);
  assertEquals(error.message, 'Cannot use "" as a namespace: it is empty');
});

const ENDPOINTS: readonly [string, string, boolean | undefined][] = [
  ["servicebus.usgovcloudapi.net", "myns.servicebus.usgovcloudapi.net", undefined],
  [".servicebus.usgovcloudapi.net", "myns.servicebus.usgovcloudapi.net", undefined],
  ["bus.example.org", "myns.bus.example.org", undefined],
  ["myns.servicebus.usgovcloudapi.net", "myns.servicebus.usgovcloudapi.net", undefined],
  ["MyNs.privatelink.servicebus.windows.net", "myns.privatelink.servicebus.windows.net", undefined],
  ["bus.example.org:5671", "bus.example.org:5671", undefined],
  ["localhost", "localhost", undefined],
  ["sb://myns.servicebus.chinacloudapi.cn/", "myns.servicebus.chinacloudapi.cn", undefined],
  ["https://bus.example.org", "bus.example.org", false],
  ["amqps://bus.example.org:5671", "bus.example.org:5671", false],
  ["http://localhost:5672/", "localhost:5672", true],
];
for (const [endpoint, host, isPlain] of ENDPOINTS) {
  test(`--endpoint ${endpoint} is ${host}`, () => {
    const found = hostOfEndpoint(endpoint, "myns");
    assertEquals([found.host, found.isPlain], [host, isPlain]);
  });
}

test("--endpoint may repeat the host of the address", () => {
  const host = "myns.servicebus.windows.net";
  assertEquals(hostOfEndpoint(`sb://${host}`, host), { host, isPlain: undefined });
});

const REFUSED: readonly [string, string, string][] = [
  ["myns", "ftp://bus.example.org", "it is no sb or https URL"],
  ["myns", "amqp://bus.example.org", "it is no sb or https URL"],
  ["myns", "sb://", "it lacks a host"],
  ["myns", "sb://my ns/", "it lacks a host"],
  ["myns", "suffix", "it is neither a DNS suffix nor a host"],
  ["myns", "a b.example.org", "it is neither a DNS suffix nor a host"],
  ["myns", "", "it is neither a DNS suffix nor a host"],
  ["myns", "sb://other.servicebus.windows.net", 'it is of the namespace "other"'],
  ["myns", "other.servicebus.windows.net", 'it is of the namespace "other"'],
  ["myns.servicebus.windows.net", "sb://other.servicebus.windows.net", 'it is of the namespace "other"'],
  [
    "bus.example.org",
    "servicebus.usgovcloudapi.net",
    "it is a DNS suffix, and the address names a whole host",
  ],
];
for (const [namespace, endpoint, reason] of REFUSED) {
  test(`--endpoint ${JSON.stringify(endpoint)} for ${namespace} is refused: ${reason}`, () => {
    const error = assertThrows(() => hostOfEndpoint(endpoint, namespace), UsageError);
    assertEquals(error.message, `Cannot use --endpoint for "${namespace}": ${reason}`);
    assertMatch(error.hint ?? "", /servicebus\.usgovcloudapi\.net, or a URL such as sb:\/\//);
  });
}

for (const rest of ["/queue", "/?sig=x", "?x", "#x"]) {
  test(`--endpoint with ${rest} behind the host holds too much, and is not shown`, () => {
    const error = assertThrows(
      () => hostOfEndpoint(`https://bus.example.org${rest}${SECRETS.signature}`, "myns"),
      UsageError,
    );
    assertEquals(
      error.message,
      'Cannot use --endpoint for "myns": it holds more than the place of the namespace; a SAS goes to --sas',
    );
  });
}

test("--endpoint with a password holds too much, and is not shown", () => {
  const error = assertThrows(
    () => hostOfEndpoint(`sb://u:${SECRETS.key}@bus.example.org`, "myns"),
    UsageError,
  );
  assertMatch(error.message, /it holds more than the place of the namespace/);
});

test("a connection string's Endpoint is a URL with nothing but a host", () => {
  assertEquals(
    ["sb://myns.servicebus.windows.net/", "sb://LOCALHOST:5672", "myns", "sb://myns/q", "sb:///", "sb:myns"]
      .map(
        (url) => hostOfUrl(url)?.host,
      ),
    ["myns.servicebus.windows.net", "localhost:5672", undefined, undefined, undefined, undefined],
  );
});
