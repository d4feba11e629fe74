import { commitOf } from "../../src/cli/build_info.ts";
import config from "../../deno.json" with { type: "json" };
import { parseAddedHosts } from "./added_hosts.ts";
import { type Bundle, bundle } from "./bundle.ts";
import { denoCompile, TARGETS } from "./deno_compile.ts";
import type { CompileOptions } from "./options.ts";
import { withHosts } from "./rights.ts";
import { selfContained } from "./self_contained.ts";

const ROOT = new URL("../../", import.meta.url);

/** What was written. */
export interface Built {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** Builds what is asked for, one after the other. */
export async function* build(
  { kind, output }: CompileOptions,
  env: (name: string) => string | undefined,
): AsyncGenerator<Built> {
  const rights = withHosts(config.permissions.jobq, parseAddedHosts(env("JOBQ_BUILD_ALLOW_NET") ?? ""));
  const known = { version: config.version, commit: await commitOf(ROOT) };
  const dist = new URL("dist/", ROOT).pathname;
  if (output === undefined) await Deno.mkdir(dist, { recursive: true });
  const work = await Deno.makeTempDir({ prefix: "jobq-compile-" });
  try {
    if (kind === "self-contained") {
      const program = await bundle(work, { build: { ...known, kind }, rights });
      yield await writeSelfContained(program, { version: known.version, path: output ?? `${dist}jobq` });
      return;
    }
    const program = await bundle(work, { build: { ...known, kind: "executable" }, rights });
    for (const target of kind === "all" ? TARGETS : [undefined]) {
      const path = output ?? `${dist}${nameFor(target)}`;
      // Over a file that it did not make, Deno does not write.
      const made = `${work}/${nameFor(target)}`;
      await denoCompile(program, { output: made, target });
      await Deno.copyFile(made, `${path}.new`);
      yield await putInPlace(path);
    }
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function writeSelfContained(
  program: Bundle,
  { version, path }: { version: string; path: string },
): Promise<Built> {
  const runtime = await Deno.readFile(Deno.execPath());
  const blob = await selfContained(program, { version, runtime, target: Deno.build.target });
  await Deno.writeFile(`${path}.new`, blob.stream());
  return await putInPlace(path);
}

/** Gives a program that was written as PATH.new its name; one that runs keeps its file. */
async function putInPlace(path: string): Promise<Built> {
  const unnamed = `${path}.new`;
  if (Deno.build.os !== "windows") await Deno.chmod(unnamed, 0o755);
  await Deno.rename(unnamed, path);
  return { path, size: (await Deno.stat(path)).size };
}

function nameFor(target: string | undefined): string {
  if (target === undefined) return Deno.build.os === "windows" ? "jobq.exe" : "jobq";
  return `jobq-${target}${target.includes("windows") ? ".exe" : ""}`;
}
