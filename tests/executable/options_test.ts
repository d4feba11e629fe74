import { parseAddedHosts } from "../../scripts/compile/added_hosts.ts";
import { parseCompileOptions } from "../../scripts/compile/options.ts";
import { withHosts } from "../../scripts/compile/rights.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("hosts are names, addresses and whole domains, with ports or without", () => {
  const text = "a, proxy.example.org,10.0.0.7:8443 ,*.example.org:1,[fe80::1],[::1]:65535";
  const hosts = ["a", "proxy.example.org", "10.0.0.7:8443", "*.example.org:1", "[fe80::1]", "[::1]:65535"];
  assertEquals(parseAddedHosts(text), hosts);
  assertEquals(parseAddedHosts(" "), []);
});

test("what is no host is refused", () => {
  for (
    const text of ["https://a", "a/b", "a:0", "a:65536", "a:", "*", "a.*", "a,,b", "a b", "-a", "a;b", "::1"]
  ) {
    assertThrows(() => parseAddedHosts(text), UsageError);
  }
});

test("hosts are added to a list only", () => {
  assertEquals(withHosts({ read: true, net: ["a"] }, ["b"]), { read: true, net: ["a", "b"] });
  assertEquals(withHosts({ read: true }, ["b"]), { read: true, net: ["b"] });
  assertEquals(withHosts({ net: false }, []), { net: false });
  for (const net of [true, false, { allow: ["a"] }]) {
    assertThrows(() => withHosts({ net }, ["b"]), UsageError);
  }
});

test("the words of the task are understood, others are refused", () => {
  assertEquals(parseCompileOptions([]), { kind: "executable", output: undefined });
  assertEquals(parseCompileOptions(["--all"]), { kind: "all", output: undefined });
  assertEquals(parseCompileOptions(["--self-contained", "--output", "x"]), {
    kind: "self-contained",
    output: "x",
  });
  for (
    const words of [["--all", "--self-contained"], ["--output"], ["--all", "--output", "x"], ["x"], ["-A"]]
  ) {
    assertThrows(() => parseCompileOptions(words), UsageError);
  }
});
