/** Filesystems on which locks or shared memory between hosts cannot be trusted, by the names that Linux gives them. */
const NETWORK_TYPES: ReadonlySet<string> = new Set([
  "nfs",
  "nfs4",
  "cifs",
  "smb3",
  "smbfs",
  "lustre",
  "gpfs",
  "beegfs",
  "ceph",
  "glusterfs",
  "afs",
  "ncpfs",
  "coda",
  "ocfs2",
  "gfs2",
  "pvfs2",
  "orangefs",
  "panfs",
  "9p",
  "wekafs",
]);

/** FUSE filesystems that live on a local disk; every other one (blobfuse, sshfs, s3fs, …) is taken for a remote one. */
const LOCAL_FUSE_TYPES: ReadonlySet<string> = new Set([
  "fuse.fuse-overlayfs",
  "fuse.bindfs",
  "fuse.unionfs",
  "fuse.mergerfs",
]);

/** Whether a table of mounts names any type that is, or may be, a remote one. */
const ANY_REMOTE = new RegExp(` - (?:${[...NETWORK_TYPES].join("|")}|fuse\\.\\S+) `);

/** A filesystem where it is mounted, as proc_pid_mountinfo(5) describes it. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  /** Its own options and those of the mount point. */
  readonly options: readonly string[];
}

/**
 * The mount that holds `path`, or undefined when the table names none.
 *
 * @param mountinfo the text of /proc/self/mountinfo, see proc_pid_mountinfo(5)
 * @param path absolute and without symbolic links
 */
export function mountOf(mountinfo: string, path: string): Mount | undefined {
  let best: { readonly point: string; readonly left: readonly string[]; readonly right: string } | undefined;
  for (const line of mountinfo.split("\n")) {
    const [before, right] = line.split(" - ");
    const left = before?.split(" ") ?? [];
    const point = left[4]?.replaceAll(
      /\\([0-7]{3})/g,
      (_, octal) => String.fromCharCode(parseInt(octal, 8)),
    );
    if (point === undefined || right === undefined) continue;
    const holds = point === "/" || path === point || path.startsWith(`${point}/`);
    // A later mount on the same point hides an earlier one.
    if (holds && point.length >= (best?.point.length ?? 0)) best = { point, left, right };
  }
  const [type, _source, options = ""] = best?.right.split(" ") ?? [];
  if (best === undefined || type === undefined) return undefined;
  const all = [...(best.left[5] ?? "").split(","), ...options.split(",")].filter((option) => option !== "");
  return { point: best.point, type, options: [...new Set(all)] };
}

/** Whether a filesystem of this type is, or may be, shared between hosts. */
export function isNetworkType(type: string): boolean {
  return NETWORK_TYPES.has(type) || (type.startsWith("fuse.") && !LOCAL_FUSE_TYPES.has(type));
}

/** The type of the network filesystem that holds `path`, or undefined on a local one; the parameters are those of `mountOf`. */
export function networkFilesystemOf(mountinfo: string, path: string): string | undefined {
  // Most machines have none at all, and this is on the way of every command.
  if (!ANY_REMOTE.test(mountinfo)) return undefined;
  const type = mountOf(mountinfo, path)?.type;
  return type !== undefined && isNetworkType(type) ? type : undefined;
}
