import { signalNumber } from "../../src/cli/signal_number.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

test("signalNumber() knows the numbers that the system's own kill -l tells", async () => {
  const { stdout } = await new Deno.Command("bash", { args: ["-c", "for i in {1..31}; do kill -l $i; done"] })
    .output();
  const names = new TextDecoder().decode(stdout).trim().split("\n");
  assertEquals(names.map((name) => signalNumber(`SIG${name}`)), names.map((_, index) => index + 1));
});

test("signalNumber() does not know other names", () => {
  assertEquals(signalNumber("SIGNONE"), undefined);
});
