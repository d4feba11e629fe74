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

/**
 * The type of the network filesystem that holds `path`, or undefined on a local one.
 *
 * @param mountinfo the text of /proc/self/mountinfo, see proc_pid_mountinfo(5)
 * @param path absolute and without symbolic links
 */
export function networkFilesystemOf(mountinfo: string, path: string): string | undefined {
  // Most machines have none at all, and this is on the way of every command.
  if (!ANY_REMOTE.test(mountinfo)) return undefined;
  let best = "";
  let type: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const [left, right] = line.split(" - ");
    const mountPoint = left?.split(" ")[4]?.replaceAll(
      /\\([0-7]{3})/g,
      (_, octal) => String.fromCharCode(parseInt(octal, 8)),
    );
    if (mountPoint === undefined || right === undefined) continue;
    const holds = mountPoint === "/" || path === mountPoint || path.startsWith(`${mountPoint}/`);
    // A later mount on the same point hides an earlier one.
    if (holds && mountPoint.length >= best.length) {
      best = mountPoint;
      type = right.split(" ")[0];
    }
  }
  if (type === undefined) return undefined;
  const isRemoteFuse = type.startsWith("fuse.") && !LOCAL_FUSE_TYPES.has(type);
  return NETWORK_TYPES.has(type) || isRemoteFuse ? type : undefined;
}
