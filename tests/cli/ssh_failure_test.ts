import { assertEquals, assertMatch } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { jobqScript } from "../support/ssh_programs.ts";
import { freePort, HAS_SSHD, SSHD, Sshd } from "../support/sshd.ts";
import { testWhere } from "../support/testing.ts";
import { SshQueue } from "./ssh_queue.ts";

const test = (name: string, fn: () => Promise<void>) => testWhere(HAS_SSHD, SSHD, name, fn);

test("a host on whose port nobody listens exits with 5", async () => {
  await using sshd = await Sshd.start();
  const { code, stdout, stderr } = await runMain([`ssh://127.0.0.1:${freePort()}/q`, "size"], {
    env: sshd.env,
  });
  assertEquals([code, stdout], [5, ""]);
  assertMatch(
    stderr,
    /^error: Cannot reach "ssh:\/\/127\.0\.0\.1:\d+\/q": the host refuses the connection .*\nhint: .+\n$/,
  );
});

test("a host that nobody knows exits with 5", async () => {
  await using sshd = await Sshd.start();
  const { code, stderr } = await runMain(["ssh://no-such-host.invalid/q", "size"], { env: sshd.env });
  assertEquals(code, 5);
  assertMatch(stderr, /: its host's name cannot be resolved .*\nhint: check the name/);
});

test("a host whose key is not known exits with 4, and asks nothing where there is no terminal", async () => {
  await using queue = await SshQueue.with("true");
  await Deno.writeTextFile(queue.sshd.directory.join("known_hosts"), "");
  const { code, stdout, stderr } = await queue.process(["size"]);
  assertEquals([code, stdout], [4, ""]);
  assertMatch(
    stderr,
    /: the host's key is not known\nhint: connect once by hand and compare the key: ssh -p \d+ 127/,
  );
});

test("a host without jobq exits with 5, and it is said how jobq gets there", async () => {
  await using queue = await SshQueue.with("true");
  await Deno.remove(queue.sshd.directory.join("there/jobq"));
  const { code, stdout, stderr } = await queue.jobq(["size"], {
    env: { JOBQ_REMOTE_JOBQ: queue.sshd.directory.join("there/jobq") },
  });
  assertEquals([code, stdout], [5, ""]);
  assertMatch(
    stderr,
    /\/there\/jobq" was not found on 127\.0\.0\.1\nhint: copy jobq there and name it: scp -P \d+ /,
  );
  assertMatch(stderr, /--remote-jobq '~\/jobq'\n$/);
});

test("a jobq over there that knows nothing of serve exits with 5, and its words are told", async () => {
  const jobq = "#!/bin/sh\necho 'error: Cannot run \"serve\": there is no such command' >&2; exit 2\n";
  await using queue = await SshQueue.make({ remoteFiles: { jobq } });
  const { code, stderr } = await queue.jobq(["size"]);
  assertEquals(code, 5);
  assertMatch(
    stderr,
    /ended on 127\.0\.0\.1 with exit code 2: Cannot run "serve": there is no such command\n/,
  );
  assertMatch(
    stderr,
    /hint: check that the jobq there has the version of this one: ssh -p \d+ 127\.0\.0\.1 jobq --version/,
  );
});

test("what the login shell over there prints at its start does no harm", async () => {
  const jobq = '#!/bin/sh\nprintf "Welcome!\\n{}\\nno end of line"\nexec jobq2 "$@"\n';
  await using queue = await SshQueue.make({ remoteFiles: { jobq, jobq2: jobqScript() } });
  assertEquals((await queue.jobq(["push", "-c", "true"])).code, 0);
  const { code, stdout } = await queue.jobq(["size"]);
  assertEquals([code, stdout], [0, "1\n"]);
});

test("a directory over there that is missing exits with 3, as for a file here", async () => {
  await using sshd = await Sshd.start();
  const path = sshd.directory.join("nowhere/jobs.db");
  const { code, stderr } = await runMain([sshd.address(path), "push", "-c", "true"], { env: sshd.env });
  assertEquals(code, 3);
  assertMatch(
    stderr,
    /^error: Cannot open ".*\/nowhere\/jobs\.db": the directory ".*\/nowhere" does not exist\nhint: .*mkdir -p/,
  );
});

test("a file over there that is no queue exits with 5, and stays as it is", async () => {
  await using queue = await SshQueue.make();
  await Deno.writeTextFile(queue.path, "dear diary");
  const { code, stderr } = await queue.jobq(["size"]);
  assertEquals(code, 5);
  assertMatch(stderr, /it is not an SQLite database\n/);
  assertEquals(await Deno.readTextFile(queue.path), "dear diary");
});
