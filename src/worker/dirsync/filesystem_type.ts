/** Filesystems that tell of a failed write when it fails, and not only when the file is closed. */
const LOCAL_TYPES: ReadonlySet<string> = new Set([
  ...["ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "bcachefs", "tmpfs", "overlay", "ramfs"],
  ...["vfat", "exfat", "ntfs3", "fuseblk", "fuse.fuse-overlayfs"],
]);

/**
 * Whether a device holds a filesystem that may keep a failed write to itself until the file is closed, as those of
 * other hosts do: close(2). False for a device that the table does not name.
 *
 * @param mountinfo the text of /proc/self/mountinfo, see proc_pid_mountinfo(5)
 * @param device as stat(2) has it
 */
export function tellsLate(mountinfo: string, device: number): boolean {
  // As gnu_dev_major(3) takes it apart.
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & 0xfff00);
  const line = mountinfo.split("\n").find((line) => line.split(" ")[2] === `${major}:${minor}`);
  const type = line?.split(" - ")[1]?.split(" ")[0];
  return type !== undefined && !LOCAL_TYPES.has(type);
}
