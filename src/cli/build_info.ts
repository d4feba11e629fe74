import { BUILD } from "./build.ts";
import { filePath } from "./file_path.ts";

/** What `jobq --version --json` prints. */
export interface BuildInfo {
  readonly version: string;
  /** The commit of the sources; "unknown" where that cannot be told. */
  readonly commit: string;
  readonly kind: "sources" | "executable" | "self-contained";
  /** The machine that it is for: `x86_64-unknown-linux-gnu`. */
  readonly target: string;
  readonly deno: string;
  readonly v8: string;
}

/** What is known of this program. */
export async function buildInfo(): Promise<BuildInfo> {
  const { version, commit, kind } = BUILD ?? {
    version: await versionOf(),
    commit: await commitOf(new URL("../../", import.meta.url)),
    kind: "sources",
  };
  const { deno, v8 } = Deno.version;
  return { version, commit, kind, target: Deno.build.target, deno, v8 };
}

/** The version alone, which takes less time. */
export async function versionOf(): Promise<string> {
  if (BUILD !== undefined) return BUILD.version;
  const { default: config } = await import("../../deno.json", { with: { type: "json" } });
  return config.version;
}

/** Asks git for the commit of the sources in a folder. */
export async function commitOf(root: URL): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", filePath(root), "rev-parse", "HEAD"],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "unknown";
  } catch {
    // There is no git, or no right to run it.
    return "unknown";
  }
}
