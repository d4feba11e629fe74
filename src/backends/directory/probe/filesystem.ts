import { mountTable } from "../../kernel_files.ts";
import { isNetworkType, type Mount, mountOf } from "../../mounts.ts";
import type { Finding, Scene } from "./check.ts";
import { diskFree } from "./disk_free.ts";

/** What kind of filesystem it is, how much is free, and whose the directory is. */
export async function checkFilesystem({ place, signal }: Scene): Promise<Finding> {
  const [mount, free, { uid, gid, mode }] = await Promise.all([
    mountOf(mountTable(), place),
    diskFree(place, signal),
    Deno.stat(place),
  ]);
  const isNetwork = mount !== undefined && isNetworkType(mount.type);
  const hostLocks = mount && whyLocksStayHere(mount);
  const modeText = mode === null ? "unknown" : (mode & 0o7777).toString(8).padStart(4, "0");
  const parts = [
    mount === undefined ? "type unknown" : `${mount.type}${isNetwork ? ", shared between hosts" : ""}`,
    free.bytes === undefined ? "" : `${amount(free.bytes)} free`,
    free.inodes === undefined ? "" : `${free.inodes} inodes free`,
    uid === null ? "" : `owner ${uid}:${gid}`,
    `mode ${modeText}`,
    hostLocks ?? "",
  ];
  return {
    verdict: hostLocks === undefined ? "ok" : "warn",
    found: parts.filter((part) => part !== "").join(", "),
    values: {
      type: mount?.type,
      mount_point: mount?.point,
      mount_options: mount?.options.join(","),
      shared_between_hosts: mount && isNetwork,
      local_locks: hostLocks,
      free_bytes: free.bytes,
      free_inodes: free.inodes,
      uid: uid ?? undefined,
      gid: gid ?? undefined,
      mode: modeText,
    },
  };
}

/** Mount options with which a host keeps its locks to itself: nfs(5), mount.cifs(8), mount.lustre(8), mount.ocfs2(8). */
const LOCAL_LOCKS = /^(?:local_lock=(?:all|flock)|nolock|nobrl|localflocks?)$/;

/**
 * Why other hosts may not see the locks of this one, or undefined where they do as far as the mount tells. The kernel
 * keeps the locks of a FUSE filesystem that does not implement them to the host, and does not tell which do.
 */
export function whyLocksStayHere({ type, options }: Mount): string | undefined {
  if (!isNetworkType(type)) return undefined;
  const option = options.find((word) => LOCAL_LOCKS.test(word));
  if (option !== undefined) return `locks hold within each host only (mounted with ${option})`;
  return type.startsWith("fuse.") ? `locks may hold within each host only (${type})` : undefined;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB", "PiB"];

function amount(bytes: number): string {
  let value = bytes / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < UNITS.length - 1; unit++) value /= 1024;
  return `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} ${UNITS[unit]}`;
}
