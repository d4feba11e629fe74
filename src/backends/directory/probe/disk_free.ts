import { programPlaces } from "../../../core/program_places.ts";
import { startLine } from "../../start_line.ts";

/** What df(1) knows of a filesystem; what it does not know is undefined. */
export interface DiskFree {
  readonly bytes?: number;
  readonly inodes?: number;
}

/** Asks df(1), where there is one; some filesystems count no inodes. */
export async function diskFree(path: string, signal: AbortSignal): Promise<DiskFree> {
  const [blocks, inodes] = await Promise.all([
    availableOf("-Pk", path, signal),
    availableOf("-Pi", path, signal),
  ]);
  return { bytes: blocks === undefined ? undefined : blocks * 1024, inodes };
}

/** https://pubs.opengroup.org/onlinepubs/9699919799/utilities/df.html: size, used, available, percentage. */
async function availableOf(flag: string, path: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    const { file, args, env } = startLine(["df", flag, "--", path], {
      env: { PATH: programPlaces(Deno.env.get("PATH")).join(":"), LC_ALL: "C" },
    });
    const { success, stdout } = await new Deno.Command(file, {
      args,
      env,
      clearEnv: true,
      stdin: "null",
      stderr: "null",
      signal,
    }).output();
    const [, available] = /\s\d+\s+\d+\s+(\d+)\s+\d+%\s[^\n]*\n$/.exec(new TextDecoder().decode(stdout)) ??
      [];
    return success && available !== undefined ? Number(available) : undefined;
  } catch {
    // It is information only, and not every machine has the program.
    return undefined;
  }
}
