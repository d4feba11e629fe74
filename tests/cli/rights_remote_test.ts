/** Queues elsewhere, with the rights that jobq is built with: over SSH, on Azurite, on a broker of Service Bus. */
import { assertEquals } from "../support/assert.ts";
import { limitedJobq } from "../support/rights.ts";
import { HAS_SSHD, SSHD } from "../support/sshd.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test, testWhere } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";
import { CloudQueue } from "./cloud_queue.ts";
import { SshQueue } from "./ssh_queue.ts";

const LINKER = { LD_LIBRARY_PATH: "/opt/cuda/lib64" };
const JOB = ["push", "-c", 'echo "$LD_LIBRARY_PATH"'];

async function pushAndWork(address: string, env: Readonly<Record<string, string>>): Promise<void> {
  const options = { env: { ...LINKER, ...env } };
  const pushed = await limitedJobq(["--quiet", address, ...JOB], options);
  assertEquals([pushed.code, pushed.stderr], [0, ""]);
  const worked = await limitedJobq(["--quiet", address, "worker"], options);
  assertEquals([worked.code, worked.stdout, worked.stderr], [0, "/opt/cuda/lib64\n", ""]);
}

testWhere(HAS_SSHD, SSHD, "over SSH, jobs are pushed and run", async () => {
  await using queue = await SshQueue.make();
  await pushAndWork(queue.address, queue.sshd.env);
});

testWhere(HAS_SSHD, SSHD, "ssh gets the linker variables of its user", async () => {
  await using queue = await SshQueue.make();
  await using dir = await TempDir.make();
  const seen = dir.join("seen");
  await Deno.writeTextFile(
    dir.join("ssh"),
    `#!/bin/sh\necho "$LD_LIBRARY_PATH" > '${seen}'\nexec '${queue.sshd.directory.join("here/ssh")}' "$@"\n`,
    { mode: 0o755 },
  );
  const env = { ...LINKER, PATH: `${dir.path}:${queue.sshd.env.PATH}` };
  assertEquals((await limitedJobq([queue.address, "push", "-c", "true"], { env })).code, 0);
  assertEquals(await Deno.readTextFile(seen), "/opt/cuda/lib64\n");
});

test("on a storage queue, jobs are pushed and run", async () => {
  const queue = await CloudQueue.place();
  await pushAndWork(queue.address, queue.env);
});

test("on Service Bus, jobs are pushed and run", async () => {
  await using queue = await BusQueue.place();
  await pushAndWork(queue.address, queue.env);
});

test("the Azure CLI's login is asked for a token where linker variables are set", async () => {
  await using dir = await TempDir.make();
  const seen = dir.join("seen");
  await Deno.writeTextFile(
    dir.join("az"),
    `#!/bin/sh\necho "$LD_LIBRARY_PATH $*" > '${seen}'\necho "ERROR: Please run 'az login'" >&2\nexit 1\n`,
    { mode: 0o755 },
  );
  const env = {
    ...LINKER,
    PATH: `${dir.path}:/usr/bin:/bin`,
    AZURE_CLIENT_ID: "",
    JOBQ_CONNECTION_STRING: "",
  };
  const { code, stderr } = await limitedJobq(["account/queue", "size"], { env });
  assertEquals([code, stderr.includes("the Azure CLI's login (nobody is logged in)")], [4, true]);
  assertEquals(
    await Deno.readTextFile(seen),
    "/opt/cuda/lib64 account get-access-token --output json --resource https://storage.azure.com\n",
  );
});
