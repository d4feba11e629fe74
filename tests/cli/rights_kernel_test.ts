/** What lies under /proc, for a process that may not read there itself. */
import { mountOf } from "../../src/backends/mounts.ts";
import { assertEquals } from "../support/assert.ts";
import { ALL_RIGHTS, ended, LIMITED_RIGHTS, spawnScript } from "../support/rights.ts";
import { TempDir } from "../support/temp_dir.ts";
import { testWhere } from "../support/testing.ts";
import { findUnshare } from "../support/unshare.ts";

const isLinux = Deno.build.os === "linux";
const unshare = await findUnshare();

interface Told {
  readonly boot: string;
  readonly mounts: string;
}

async function read(rights: readonly string[], ...args: string[]): Promise<Told> {
  const { stdout, stderr } = await ended(
    spawnScript("kernel_reader.ts", { rights, args, env: { LD_LIBRARY_PATH: "/x" } }),
  );
  assertEquals(stderr, "");
  return JSON.parse(stdout);
}

const realBootId = () => Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();

for (const [name, rights] of Object.entries({ "all rights": ALL_RIGHTS, "limited rights": LIMITED_RIGHTS })) {
  testWhere(isLinux, "Linux", `with ${name}, the boot's id and the mounts are known`, async () => {
    const { boot, mounts } = await read(rights);
    assertEquals([boot, mountOf(mounts, "/proc")?.type], [realBootId(), "proc"]);
  });

  testWhere(
    isLinux,
    "Linux",
    `with ${name}, the boot's id is kept when the right to run programs goes`,
    async () => {
      await using dir = await TempDir.make();
      assertEquals((await read(rights, dir.path)).boot, realBootId());
    },
  );

  for (const below of ["", "/not/there/yet"]) {
    testWhere(
      unshare.length > 0,
      "mounts of its own",
      `with ${name}, the mounts are kept for ${
        below === "" ? "a directory" : "one to be made"
      } without a device`,
      async () => {
        await using dir = await TempDir.make();
        const reader = new URL("../support/kernel_reader.ts", import.meta.url).pathname;
        const [program = "", ...args] = unshare;
        const { stdout } = await new Deno.Command(program, {
          args: [
            ...args,
            "sh",
            "-c",
            'mount -t tmpfs tmpfs "$0" && exec "$@"',
            dir.path,
            Deno.execPath(),
            ...["run", "--no-prompt", "--quiet", ...rights, reader, `${dir.path}${below}`],
          ],
        }).output();
        const { mounts } = JSON.parse(new TextDecoder().decode(stdout)) as Told;
        assertEquals(mountOf(mounts, dir.path)?.type, "tmpfs");
      },
    );
  }
}
