import { Buffer } from "node:buffer";
import { assertEquals, assertThrows } from "../assert.ts";
import { ManualClock } from "../manual_clock.ts";
import { test } from "../testing.ts";
import { Access } from "./access.ts";
import { BrokerError } from "./broker_error.ts";

test("a token is refused when it is expired, and its claim ends with it", async () => {
  const clock = new ManualClock();
  const access = new Access(clock);
  const payload = JSON.stringify({ exp: (clock.now() + 1_000) / 1000 });
  const token = `head.${Buffer.from(payload).toString("base64url")}.signature`;
  const claim = access.check(token);
  access.demand([claim], { address: "q", rights: ["send"] });
  await clock.advance(1_000);
  assertEquals(assertThrows(() => access.check(token), BrokerError).status, 401);
  assertThrows(() => access.demand([claim], { address: "q", rights: ["send"] }), BrokerError);
});

test("a claim covers the entities below its path, and no others", () => {
  const access = new Access(new ManualClock());
  const claim = { path: "team", rights: new Set(["send"] as const), expiresAt: Infinity };
  const demand = (address: string) => access.demand([claim], { address, rights: ["send"] });
  demand("Team");
  demand("team/jobs/$management");
  assertThrows(() => demand("teamwork"), BrokerError);
});
