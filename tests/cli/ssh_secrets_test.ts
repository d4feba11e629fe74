import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { jobq } from "../support/jobq.ts";
import { HAS_SSHD_PASSWORDS, SSHD_PASSWORDS } from "../support/sshd.ts";
import { testWhere } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { SshQueue } from "./ssh_queue.ts";

const test = (name: string, fn: () => Promise<void>) =>
  testWhere(HAS_SSHD_PASSWORDS, SSHD_PASSWORDS, name, fn);

const PASSWORD = "hunter2@/:";
const SECRET = /hunter2/;

/** The address with the password in it, of a queue to which nothing else opens. */
const addressOf = (queue: SshQueue, password = PASSWORD) =>
  queue.address.replace("//", `//root:${encodeURIComponent(password)}@`);

const LINES: readonly (readonly string[])[] = [
  ["push", "-vv", "-c", "echo", "-c", "env; exit 1"],
  ["list", "-vv"],
  ["list", "--json", "-vv"],
  ["status", "2", "--json", "--show-env", "-vv"],
  ["worker", "-vv", "--log-format", "json"],
  ["logs", "2", "-vv"],
  ["dead", "list", "--json", "-vv"],
  ["workers", "--json", "-vv"],
  ["size", "no-such-argument", "-vv"],
  ["logs", "999", "-vv"],
];

test("a password in the address is in nothing that jobq, its log and its jobs print, nor in a file", async () => {
  await using queue = await SshQueue.make({ password: PASSWORD });
  const codes: number[] = [];
  for (const words of LINES) {
    const { code, stdout, stderr } = await jobq([addressOf(queue), ...words], { env: queue.sshd.env });
    assert(!SECRET.test(stdout + stderr), `${words.join(" ")}:\n${stdout}${stderr}`);
    codes.push(code);
  }
  assertEquals(codes, [0, 0, 0, 0, 0, 0, 0, 0, 2, 2]);
  const { code } = await new Deno.Command("grep", {
    args: ["-rq", SECRET.source, queue.sshd.directory.join("files")],
  }).output();
  assertEquals(code, 1);
});

test("the jobs of a worker see the password neither in $JOBQ_SSH_PASSWORD nor in $JOBQ", async () => {
  await using queue = await SshQueue.make({ password: PASSWORD });
  const env = { ...queue.sshd.env, JOBQ: addressOf(queue, "wrong"), JOBQ_SSH_PASSWORD: PASSWORD };
  const address = queue.address.replace("//", "//root@");
  assertEquals((await jobq([address, "push", "-c", "env"], { env })).code, 0);
  const { code, stdout, stderr } = await jobq([address, "worker", "-vv"], { env });
  assertEquals(code, 0, stderr);
  assertMatch(stdout, new RegExp(`^JOBQ_QUEUE=${address}$`, "m"));
  assertMatch(stdout, new RegExp(`^JOBQ=${address}$`, "m"));
  assert(!SECRET.test(stdout + stderr) && !/JOBQ_SSH_PASSWORD|JOBQ_ASKPASS|wrong/.test(stdout), stdout);
});

test("a password is used for each connection, and advised against once", async () => {
  await using queue = await SshQueue.make({ password: PASSWORD });
  const mark = queue.sshd.directory.join("mark");
  const env = { ...queue.sshd.env, MARK: mark };
  const command = 'echo > "$MARK"; until [ -e "$MARK.go" ]; do sleep 0.05; done';
  await jobq([addressOf(queue), "push", "-c", command], { env });
  await using worker = new WorkerProcess(addressOf(queue), [], env);
  await waitUntil(() => Deno.stat(mark).then(() => true, () => false));
  await queue.sshd.breakConnections();
  await Deno.writeTextFile(`${mark}.go`, "");
  assertEquals(await worker.ended(), 0, worker.log);
  assertEquals((await queue.sshd.log()).match(/Accepted password/g)?.length, 3);
  assertEquals(
    worker.log.match(/ warn: logging in with a password: a key is safer, /g)?.length,
    1,
    worker.log,
  );
});

test("a wrong password exits with 4, and is not shown with -vv either", async () => {
  await using queue = await SshQueue.make({ password: PASSWORD });
  const { code, stdout, stderr } = await jobq([addressOf(queue, "hunter2-wrong"), "size", "-vv"], {
    env: queue.sshd.env,
  });
  assertEquals([code, stdout, SECRET.test(stderr)], [4, "", false], stderr);
  assertMatch(
    stderr,
    /error: Cannot reach "ssh:\/\/root@127\.0\.0\.1:.*": the login was refused, with the password too\n/,
  );
});

test("--json and a log in JSON tell a failed login without the password", async () => {
  await using queue = await SshQueue.make({ password: PASSWORD });
  const { code, stderr } = await jobq(
    [addressOf(queue, "hunter2-wrong"), "size", "--json", "--log-format", "json", "-vv"],
    { env: queue.sshd.env },
  );
  assertEquals([code, SECRET.test(stderr)], [4, false], stderr);
  for (const line of stderr.trim().split("\n")) JSON.parse(line);
});
