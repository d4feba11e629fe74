import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/identity";
import { TokenLogin } from "../../../src/backends/azure/token_login.ts";
import type { TokenSource } from "../../../src/backends/azure/token_sources.ts";
import { AccessDeniedError, BackendError } from "../../../src/core/errors.ts";
import { createLogger } from "../../../src/log/logger.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { ManualClock } from "../../support/manual_clock.ts";
import { test } from "../../support/testing.ts";
import { assertKeepsSecrets, SECRETS } from "./no_secret.ts";

const SCOPE = "https://storage.azure.com/.default";
const HOUR = 3_600_000;

type Answer = () => Partial<AccessToken> | Promise<Partial<AccessToken>>;

/** A way to sign in that does as it is told, and counts. */
class ScriptedSource implements TokenSource {
  readonly label: string;
  readonly isLocal?: boolean;
  readonly secrets = [SECRETS.clientSecret];
  answer: Answer;
  readonly asked: GetTokenOptions[] = [];

  constructor(label: string, answer: Answer, isLocal?: boolean) {
    this.label = label;
    this.answer = answer;
    this.isLocal = isLocal;
  }

  get count(): number {
    return this.asked.length;
  }

  make(): Promise<TokenCredential> {
    const getToken = async (_scopes: string | string[], options: GetTokenOptions = {}) => {
      this.asked.push(options);
      return await this.answer() as AccessToken;
    };
    return Promise.resolve({ getToken });
  }
}

/** A login through these ways, on a clock that stands still. */
function loginThrough(...sources: ScriptedSource[]) {
  const lines: string[] = [];
  const clock = new ManualClock();
  const log = createLogger("debug", ({ level, message }) => lines.push(`${level}: ${message}`));
  const login = new TokenLogin({ name: "acct", env: () => undefined, log, clock, sources });
  return { login, clock, lines };
}

const refuse = (message: string, more: object = {}) => () => {
  throw Object.assign(new Error(message), more);
};
const token = (clock: ManualClock, ms: number) => () => ({
  token: SECRETS.token,
  expiresOnTimestamp: clock.now() + ms,
});

test("the ways are tried in order, and the first that gives a token is kept and named once", async () => {
  const [first, second, third] = ["first", "second", "third"].map((label) =>
    new ScriptedSource(label, refuse("no"))
  );
  if (!first || !second || !third) throw new Error("three were made");
  const { login, clock, lines } = loginThrough(first, second, third);
  second.answer = token(clock, HOUR);
  assertEquals((await login.getToken(SCOPE)).token, SECRETS.token);
  await clock.advance(HOUR);
  second.answer = token(clock, HOUR);
  await login.getToken(SCOPE);
  assertEquals([first.count, second.count, third.count], [1, 2, 0]);
  assertEquals([login.label, lines], ["second", ["info: signed in to acct with second"]]);
});

test("a token is used until five minutes before its end", async () => {
  const source = new ScriptedSource("a", refuse("no"));
  const { login, clock } = loginThrough(source);
  source.answer = token(clock, HOUR);
  await login.getToken(SCOPE);
  await clock.advance(HOUR - 300_001);
  await login.getToken(SCOPE);
  assertEquals(source.count, 1);
  await clock.advance(1);
  await login.getToken(SCOPE);
  assertEquals(source.count, 2);
});

test("a token is replaced when its giver says so", async () => {
  const source = new ScriptedSource("a", refuse("no"));
  const { login, clock } = loginThrough(source);
  source.answer = () => ({ ...token(clock, 24 * HOUR)(), refreshAfterTimestamp: clock.now() + HOUR });
  await login.getToken(SCOPE);
  await clock.advance(HOUR);
  await login.getToken(SCOPE);
  assertEquals(source.count, 2);
});

test("a token that cannot be replaced yet is used to its end", async () => {
  const source = new ScriptedSource("a", refuse("no"));
  const { login, clock } = loginThrough(source);
  source.answer = token(clock, HOUR);
  await login.getToken(SCOPE);
  source.answer = refuse("network_error: no");
  await clock.advance(HOUR - 1);
  assertEquals((await login.getToken(SCOPE)).token, SECRETS.token);
  await clock.advance(1);
  await assertRejects(login.getToken(SCOPE), BackendError);
});

test("all who ask at once get the same token, and one who gives up takes it from nobody", async () => {
  const { promise, resolve } = Promise.withResolvers<Partial<AccessToken>>();
  const source = new ScriptedSource("a", () => promise);
  const { login, clock } = loginThrough(source);
  const first = login.getToken(SCOPE, { abortSignal: AbortSignal.abort() });
  const second = login.getToken(SCOPE);
  resolve(token(clock, HOUR)());
  assertEquals([(await first).token, (await second).token], [SECRETS.token, SECRETS.token]);
  assertEquals(source.asked.map(({ abortSignal }) => abortSignal), [undefined]);
});

test("the way that was kept is the only one that is asked and named later", async () => {
  const [first, second] = [
    new ScriptedSource("first", refuse("no")),
    new ScriptedSource("second", refuse("no")),
  ];
  const { login, clock } = loginThrough(first, second);
  second.answer = token(clock, HOUR);
  await login.getToken(SCOPE);
  await clock.advance(HOUR);
  second.answer = refuse("gone");
  const error = await assertRejects(login.getToken(SCOPE), AccessDeniedError);
  assertEquals([error.message, first.count], ['Cannot sign in to "acct": no token from second (gone)', 1]);
});

test("tokens of different scopes, and those for a claim, are different tokens", async () => {
  const source = new ScriptedSource("a", refuse("no"));
  const { login, clock } = loginThrough(source);
  source.answer = token(clock, HOUR);
  await login.getToken(SCOPE);
  await login.getToken("https://servicebus.azure.net/.default");
  await login.getToken(SCOPE, { claims: "{}" });
  await login.getToken(SCOPE);
  assertEquals(source.count, 3);
});

test("a way that does not answer is given up, and the next is tried", async () => {
  const silent = new ScriptedSource("silent", () => new Promise(() => {}));
  const source = new ScriptedSource("a", refuse("no"));
  const { login, clock } = loginThrough(silent, source);
  source.answer = token(clock, HOUR);
  const promise = login.getToken(SCOPE);
  await clock.untilSleeping();
  await clock.advance(40_000);
  assertEquals([(await promise).token, login.label, clock.sleepers], [SECRETS.token, "a", 0]);
});

test("when no way gives a token, all are named with their reasons, and no secret", async () => {
  const { login } = loginThrough(
    new ScriptedSource("a", refuse(`Client secret ${SECRETS.clientSecret} is bad.\nAnother line`)),
    new ScriptedSource("b", refuse(`BCredential: got ${SECRETS.token} ${"x ".repeat(300)}`)),
    new ScriptedSource(
      "c",
      refuse("Please run 'az login' from a command prompt to authenticate before using this credential."),
    ),
    new ScriptedSource("d", () => ({})),
  );
  const error = await assertRejects(login.getToken(SCOPE), AccessDeniedError);
  assertMatch(
    error.message,
    /^Cannot sign in to "acct": no token from a \(Client secret \*\*\* is bad\), nor from b \(got \*\*\* (?:x )+x?…\), nor from c \(nobody is logged in\), nor from d \(it gave no token\)$/,
  );
  assertEquals(error.hint, 'run "az login", or give a connection string with --conn-str');
  assertKeepsSecrets(error);
});

const MSAL = (status: number) =>
  `server_error: Error(s): Not Available - Timestamp: Not Available - Description: A server error occured.\nHttp status code: ${status}\nHttp status message: x - Correlation ID: Not Available`;
const PASSING: readonly [string, Answer, string][] = [
  ["no network", refuse("endpoints_resolution_error: See x"), "it cannot be reached"],
  ["a server's error", refuse(MSAL(503)), "it answered with status 503"],
  ["too many requests", refuse(MSAL(429)), "it answered with status 429"],
  ["a system's error", refuse("read ECONNRESET", { code: "ECONNRESET" }), "read ECONNRESET"],
  ["a cause", refuse("x failed", { cause: { code: "ETIMEDOUT" } }), "x failed"],
  [
    "an authority that is down",
    refuse("x: Description: AADSTS90033: busy. - Correlation ID: c", {
      errorCode: "temporarily_unavailable",
    }),
    "AADSTS90033: busy",
  ],
];
for (const [what, answer, reason] of PASSING) {
  test(`a sign-in that fails for ${what} may pass`, async () => {
    const { login } = loginThrough(new ScriptedSource("a", answer));
    const error = await assertRejects(login.getToken(SCOPE), BackendError);
    assertEquals([error.message, error.transient], [
      `Cannot sign in to "acct": no token from a (${reason})`,
      true,
    ]);
  });
}

test("a refused sign-in does not pass", async () => {
  const { login } = loginThrough(new ScriptedSource("a", refuse(MSAL(400))));
  await assertRejects(login.getToken(SCOPE), AccessDeniedError);
});

test("what cannot be reached on this machine is not there, unless it was before", async () => {
  const source = new ScriptedSource("a", refuse("network_error: x"), true);
  const { login, clock } = loginThrough(source);
  await assertRejects(login.getToken(SCOPE), AccessDeniedError);
  source.answer = token(clock, HOUR);
  await login.getToken(SCOPE);
  await clock.advance(HOUR);
  source.answer = refuse("network_error: x");
  await assertRejects(login.getToken(SCOPE), BackendError);
});
