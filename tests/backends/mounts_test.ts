import { mountOf, networkFilesystemOf } from "../../src/backends/mounts.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const MOUNTINFO = `22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw,discard
30 22 0:26 / /home rw,relatime shared:2 - nfs4 server:/export/home rw,vers=4.2,addr=10.0.0.1
31 30 259:2 / /home/local rw,relatime - xfs /dev/sdb1 rw
32 22 0:30 / /share\\040of\\040us rw - cifs //server/share rw
33 22 0:31 / /blob rw - fuse.blobfuse2 blobfuse2 rw
34 22 0:32 / /overlay rw - overlay overlay rw,lowerdir=/a,upperdir=/b
35 22 0:33 / /fuse-overlay rw - fuse.fuse-overlayfs fuse-overlayfs rw
36 22 0:34 / /disk rw - fuseblk /dev/sdc1 rw
37 22 0:35 / /twice rw - nfs server:/x rw
38 22 0:36 / /twice rw - tmpfs tmpfs rw
39 22 0:37 / /thrice rw - tmpfs tmpfs rw
40 22 0:38 / /thrice rw master:1 propagate_from:2 - lustre 10.0.0.2@tcp:/scratch rw
41 22 0:39 / /back\\134slash rw - 9p drvfs rw
42 22 0:40 / /s3 rw - fuse.s3fs s3fs rw
`;

const TYPES: Readonly<Record<string, string | undefined>> = {
  "/": undefined,
  "/etc": undefined,
  "/home": "nfs4",
  "/home/ann/jobs": "nfs4",
  "/home/local/jobs": undefined,
  "/homes": undefined,
  "/share of us/jobs": "cifs",
  "/share": undefined,
  "/blob/x": "fuse.blobfuse2",
  "/s3/x": "fuse.s3fs",
  "/overlay/x": undefined,
  "/fuse-overlay/x": undefined,
  "/disk/x": undefined,
  "/twice": undefined,
  "/thrice/x": "lustre",
  "/back\\slash/x": "9p",
};

for (const [path, type] of Object.entries(TYPES)) {
  test(`${path} is on ${type ?? "a local filesystem"}`, () => {
    assertEquals(networkFilesystemOf(MOUNTINFO, path), type);
  });
}

test("a mountinfo that cannot be understood names no network filesystem", () => {
  for (const text of ["", "\n\n", "nonsense", "1 2 3 - nfs4", " - "]) {
    assertEquals(networkFilesystemOf(text, "/home/x"), undefined);
  }
});

test("mountOf() tells the point, the type and all options of the mount that holds a path", () => {
  assertEquals(mountOf(MOUNTINFO, "/home/ann"), {
    point: "/home",
    type: "nfs4",
    options: ["rw", "relatime", "vers=4.2", "addr=10.0.0.1"],
  });
  assertEquals(mountOf(MOUNTINFO, "/share of us/x")?.point, "/share of us");
  assertEquals(mountOf("nonsense", "/home"), undefined);
});
