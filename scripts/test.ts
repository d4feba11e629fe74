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
import { linkTools, makeExecutable } from "../tests/support/make_executable.ts";
import { GROUPS, INTEROP_GROUPS } from "./test/groups.ts";
import { runGroups } from "./test/run_groups.ts";

const isInterop = Deno.args.includes("interop");

const CHECKS: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: "format", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "types", args: ["check", "--quiet"] },
  { name: "imports", args: ["run", "-A", "--quiet", "scripts/check_imports.ts"] },
];

const root = new URL("../", import.meta.url);
const encoder = new TextEncoder();
let passed = 0;
let failed = 0;
const failures: string[] = [];
const notRun: string[] = [];

for (const { name, args } of isInterop ? [] : CHECKS) {
  const { success } = await new Deno.Command(Deno.execPath(), { args: [...args], cwd: root }).spawn().status;
  await (success ? pass(name) : fail(name));
}

// It ends with this process, however that ends.
const azurite = await startAzurite();
const pythonTool = await preparePythonTool();
const work = await Deno.makeTempDir({ prefix: "jobq-test-" });
const executable = isInterop ? "" : await prepareExecutable();

const results = await runGroups(isInterop ? INTEROP_GROUPS : GROUPS, {
  env: {
    JOBQ_TEST_AZURITE: azurite?.connectionString ?? "",
    JOBQ_TEST_PYTHON_TOOL: pythonTool,
    JOBQ_TEST_EXECUTABLE: executable,
  },
  executableEnv: {
    JOBQ_TEST_WORDS: ["/usr/bin/env", `PATH=${work}/tools`, executable].join("\n"),
    JOBQ_CACHE_DIR: `${work}/cache`,
  },
  say,
});
await Deno.remove(work, { recursive: true });
for (const result of results) {
  passed += result.passed;
  failed += result.failed;
  failures.push(...result.failures);
  notRun.push(...result.notRun);
}

const times = results.map(({ name, passed, failed, seconds }) =>
  `${name}: ${passed} passed, ${failed} failed in ${seconds.toFixed()} s`
);
for (const lines of [times, notRun, failures.map((failure) => `FAILED: ${failure}`)]) {
  if (lines.length > 0) await say(`\n${lines.map((line) => `${line}\n`).join("")}`);
}
await say(`\n${passed} passed, ${failed} failed\n`);
Deno.exit(failed === 0 ? 0 : 1);

/** Installs it too, where it is missing. */
async function startAzurite(): Promise<AzuriteProcess | undefined> {
  try {
    const azurite = await AzuriteProcess.start();
    await pass("azurite");
    return azurite;
  } catch (error) {
    await fail("azurite", error);
    notRun.push("DID NOT RUN: the tests that need Azurite (it could not be started, see above)");
    return undefined;
  }
}

/** Answers where the Python tool's programs are; "" where the tests have to do without it. */
async function preparePythonTool(): Promise<string> {
  try {
    const programs = await installPythonTool();
    await pass("ai4s-jobq");
    return programs;
  } catch (error) {
    if (isInterop || !(error instanceof NoPythonToolError)) await fail("ai4s-jobq", error);
    notRun.push(`DID NOT RUN: the tests with ai4s-jobq (${reasonOf(error).split("\n")[0]})`);
    return "";
  }
}

/** Makes it, and a PATH with little on it for it; answers its path. */
async function prepareExecutable(): Promise<string> {
  try {
    await linkTools(`${work}/tools`, ["sh", "grep", "awk"]);
    const path = await makeExecutable(`${work}/jobq`);
    await pass("executable");
    return path;
  } catch (error) {
    await fail("executable", error);
    return "";
  }
}

async function pass(check: string): Promise<void> {
  passed++;
  await say(`ok: ${check}\n`);
}

async function fail(check: string, error?: unknown): Promise<void> {
  failed++;
  failures.push(check);
  await say(`FAILED: ${check}${error === undefined ? "" : `: ${reasonOf(error)}`}\n`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function say(text: string): Promise<void> {
  const bytes = encoder.encode(text);
  for (let sent = 0; sent < bytes.length;) sent += await Deno.stdout.write(bytes.subarray(sent));
}
