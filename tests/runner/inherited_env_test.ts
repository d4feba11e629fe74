import { inheritedEnv } from "../../src/runner/inherited_env.ts";
import { assertEquals } from "../support/assert.ts";
import { jobOf, runJob } from "../support/run_job.ts";
import { test } from "../support/testing.ts";

test("a job does not see the password with which its worker logs in", async () => {
  const { stdout } = await runJob(jobOf('echo "[${JOBQ_SSH_PASSWORD-unset}] $JOBQ"'), {
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      JOBQ_SSH_PASSWORD: "s3cret",
      JOBQ: "ssh://ann:s3cr:et@login:22/a@b",
    },
  });
  assertEquals(stdout, "[unset] ssh://ann@login:22/a@b\n");
});

const ADDRESSES = ["ssh://ann@login/q", "ssh://login:22/a@b", "/a:b@c", "jobs.db", "account/queue", ""];
for (const address of ADDRESSES) {
  test(`a job sees "${address}" in $JOBQ_STORAGE_QUEUE as it is`, () => {
    assertEquals(inheritedEnv({ JOBQ_STORAGE_QUEUE: address }), { JOBQ_STORAGE_QUEUE: address });
  });
}

test("a variable that is no address is not changed", () => {
  const env = { PROXY: "ssh://ann:word@login/q" };
  assertEquals(inheritedEnv(env), env);
});

test("a job does not find Deno in the place of a Node that this machine lacks", () => {
  const env = { DENO_NODE_SHIM_ACTIVE: "1", PATH: "/home/ann/.cache/deno/node_compat_bin:/usr/bin:/bin" };
  assertEquals(inheritedEnv(env), { PATH: "/usr/bin:/bin" });
  assertEquals(inheritedEnv({ PATH: "/node_compat_bin:/bin" }), { PATH: "/node_compat_bin:/bin" });
});
