/**
 * Every check and every test. The last line is `N passed, N failed`; a check counts as one, and so do Azurite, which is
 * started for the tests, and the Python tool ai4s-jobq, which is installed for them.
 *
 * Runs on a machine that has nothing but this Deno and, the first time, npm and its registry for Azurite. Where there is
 * no Python or no PyPI, the tests with the Python tool do not run.
 *
 * `scripts/test.ts interop` runs these only, and fails where they cannot run.
 */
import { installPythonTool, NoPythonToolError } from "../tests/interop/support/install.ts";
import { AzuriteProcess } from "../tests/support/azurite/process.ts";

const isInterop = Deno.args.includes("interop");

const CHECKS: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: "format", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "types", args: ["check", "--quiet"] },
  { name: "imports", args: ["run", "-A", "--quiet", "scripts/check_imports.ts"] },
];

const TESTS: readonly (readonly string[])[] = [
  ["test", "-A", "--no-check", "tests/"],
  ["test", "-A", "--doc", "--no-check", "src/"],
];

const INTEROP_TESTS: typeof TESTS = [["test", "-A", "--no-check", "tests/interop/"]];

const root = new URL("../", import.meta.url);
const encoder = new TextEncoder();
let passed = 0;
let failed = 0;
const notRun: string[] = [];

for (const { name, args } of isInterop ? [] : CHECKS) {
  const { success } = await new Deno.Command(Deno.execPath(), { args: [...args], cwd: root }).spawn().status;
  await say(`${success ? "ok" : "FAILED"}: ${name}\n`);
  if (success) passed++;
  else failed++;
}

// It ends with this process, however that ends.
const azurite = await startAzurite();
if (azurite) passed++;
else failed++;

const pythonTool = await preparePythonTool();

for (const args of isInterop ? INTEROP_TESTS : TESTS) {
  const { success, text } = await runTests(args);
  // "ok | 5 passed (2 steps) | 1 failed | 1 ignored (3s)"
  const [, ok, bad = "0"] = /^.*\| (\d+) passed.*?\| (\d+) failed/m.exec(text) ?? [];
  if (ok === undefined) await say(`FAILED: deno ${args.join(" ")} said nothing of tests\n`);
  passed += Number(ok ?? 0);
  notRun.push(...text.match(/^DID NOT RUN: .*$/gm) ?? []);
  // A run can also fail outside of its tests, for example in a module that cannot be loaded.
  failed += Math.max(Number(bad), success && ok !== undefined ? 0 : 1);
}

if (notRun.length > 0) await say(`\n${notRun.map((line) => `${line}\n`).join("")}`);
await say(`\n${passed} passed, ${failed} failed\n`);
Deno.exit(failed === 0 ? 0 : 1);

/** Installs it too, where it is missing. */
async function startAzurite(): Promise<AzuriteProcess | undefined> {
  try {
    const azurite = await AzuriteProcess.start();
    await say("ok: azurite\n");
    return azurite;
  } catch (error) {
    await say(`FAILED: azurite: ${error instanceof Error ? error.message : String(error)}\n`);
    notRun.push("DID NOT RUN: the tests that need Azurite (it could not be started, see above)");
    return undefined;
  }
}

/** Answers where the Python tool's programs are; "" where the tests have to do without it. */
async function preparePythonTool(): Promise<string> {
  try {
    const programs = await installPythonTool();
    await say("ok: ai4s-jobq\n");
    passed++;
    return programs;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (isInterop || !(error instanceof NoPythonToolError)) {
      await say(`FAILED: ai4s-jobq: ${reason}\n`);
      failed++;
    }
    notRun.push(`DID NOT RUN: the tests with ai4s-jobq (${reason.split("\n")[0]})`);
    return "";
  }
}

/** Runs tests, shows what they print as it comes, and answers it without colours. */
async function runTests(args: readonly string[]): Promise<{ success: boolean; text: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: root,
    stdout: "piped",
    env: {
      NO_COLOR: "1",
      JOBQ_TEST_AZURITE: azurite?.connectionString ?? "",
      JOBQ_TEST_PYTHON_TOOL: pythonTool,
    },
  }).spawn();
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    await say(piece);
  }
  return { success: (await child.status).success, text };
}

async function say(text: string): Promise<void> {
  const bytes = encoder.encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await Deno.stdout.write(bytes.subarray(sent));
}
