import { startLine } from "./start_line.ts";

const MOUNTS = "/proc/self/mountinfo";
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Prints a file with nothing but what the shell itself can do. */
const PRINT = 'while IFS= read -r line; do printf "%s\\n" "$line"; done < "$0"';

let keptMounts: string | undefined;
let keptBootId: string | undefined;

/** The table of mounts as proc_pid_mountinfo(5) describes it; empty where there is none, or it cannot be read. */
export function mountTable(): string {
  return keptMounts ?? readKernelFile(MOUNTS) ?? "";
}

/** Made by Linux at each boot, random(4); empty where there is none, or it cannot be read. */
export function bootId(): string {
  return keptBootId ??= readKernelFile(BOOT_ID)?.trim() ?? "";
}

/**
 * Reads the table of mounts for a process that is about to give up the rights to it. Where that takes a shell, and the
 * directory is on a block device, no start of one is spent: other hosts' filesystems have no device, and so the number 0
 * for its kind (https://www.kernel.org/doc/Documentation/admin-guide/devices.txt). What clusters share as a block device
 * (OCFS2, GFS2) is found by the commands that keep the right.
 */
export function keepMountTable(directory: string): void {
  if (Deno.build.os !== "linux") return;
  keptMounts = readKernelFile(MOUNTS, { mayPrint: deviceKind(directory) === 0 }) ?? "";
}

/** Reads the boot's id while that can be done, for a process that gives up the right to it. */
export function keepBootId(): void {
  if (Deno.build.os === "linux") bootId();
}

/**
 * What lies under /proc may be read by a process with all rights only (https://docs.deno.com/runtime/fundamentals/security/),
 * and by any program.
 */
function readKernelFile(path: string, { mayPrint = true } = {}): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    return error instanceof Deno.errors.NotCapable && mayPrint ? printed(path) : undefined;
  }
}

function printed(path: string): string | undefined {
  try {
    const { file, args, env } = startLine([path], { env: {}, script: PRINT });
    const { success, stdout } = new Deno.Command(file, { args, env, clearEnv: true, stderr: "null" })
      .outputSync();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    // There is no shell, or no right to start one any more.
    return undefined;
  }
}

/** The major number of the device on which a directory is, or would be made. */
function deviceKind(directory: string): number {
  for (let place = directory;; place = place.replace(/\/+[^/]*$/, "") || "/") {
    try {
      return majorOf(Deno.statSync(place).dev);
    } catch {
      if (place === "/" || !place.includes("/")) return 0;
    }
  }
}

/** See makedev(3): twelve bits lie above the eight low bits of the minor number, the others above its high ones. */
function majorOf(device: number): number {
  const number = BigInt(device);
  return Number(((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn));
}
