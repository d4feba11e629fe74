import { explainRefusal } from "../../src/cli/rights_error.ts";
import { AccessDeniedError, BackendError } from "../../src/core/errors.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

const explained = (error: unknown) => {
  const found = explainRefusal(error);
  assert(found instanceof AccessDeniedError);
  return found;
};

test("what the runtime refuses is told in jobq's words", () => {
  const text = 'Requires net access to "proxy.example:3128", run again with the --allow-net flag';
  const { message, hint = "" } = explained(new Deno.errors.NotCapable(text));
  assertEquals(message, 'Cannot go on: jobq has no right to connect to "proxy.example:3128"');
  assertMatch(hint, /^build one that has: JOBQ_BUILD_ALLOW_NET=proxy\.example deno task compile/);
});

test("a refusal within an error of jobq takes the place of its reason", () => {
  const error = new BackendError('Cannot push to "a/q": connect EPERM 10.0.0.1:443', { hint: "try again" });
  assertEquals(
    explained(error).message,
    'Cannot push to "a/q": jobq has no right to connect to "10.0.0.1:443"',
  );
});

/** Each is refused to a process that may read files and run `true`. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  "Deno.uid()": /^Cannot go on: this command has no right to sys access to "uid"$/,
  'Deno.dlopen("/x.so", {})': /^Cannot go on: this command has no right to ffi access to "\/x\.so"$/,
  'Deno.readTextFileSync("/proc/version")':
    /^Cannot go on: jobq has no right to "\/proc\/version": what the system keeps/,
  'await Deno.connect({ hostname: "192.0.2.1", port: 1 })': /no right to connect to "192\.0\.2\.1:1"$/,
  'new Deno.Command("sh").outputSync()': /^Cannot go on: this command has no right to run access to "sh"$/,
  'new Deno.Command("true", { env: { LD_X: "1" } }).outputSync()': /no right to start a program with LD_X$/,
};

for (const [code, expected] of Object.entries(REFUSED)) {
  test(`the runtime's words about ${code} are known`, async () => {
    await using dir = await TempDir.make();
    const script = `try { ${code}; } catch (error) { console.log((error as Error).message); }`;
    await Deno.writeTextFile(dir.join("script.ts"), script);
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--quiet", "-R", "--allow-run=true", dir.join("script.ts")],
    }).output();
    assertMatch(explained(new Error(new TextDecoder().decode(stdout).trim())).message, expected);
  });
}

test("other errors are left alone", () => {
  assertEquals(explainRefusal(new Error("ENOENT")), undefined);
  assertEquals(explainRefusal("EPERM"), undefined);
});
