import { AccessDeniedError } from "../../../src/core/errors.ts";
import { createLogger, type LogRecord } from "../../../src/log/logger.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { writePrograms } from "../../support/ssh_programs.ts";
import { HAS_SSHD_PASSWORDS, Sshd, SSHD_PASSWORDS } from "../../support/sshd.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { connect, textOf } from "./connect.ts";

const PASSWORD = "s3cret @/:%'\"$x";
const ENCODED = encodeURIComponent(PASSWORD);

const here = (name: string, fn: () => Promise<void>) =>
  testWhere(HAS_SSHD_PASSWORDS, SSHD_PASSWORDS, name, fn);

const REMOTE = { jobq: "#!/bin/sh\necho in; env | grep -c -e s3cret -e JOBQ_ASKPASS\n" };

here("a password in the address logs in, and does not get to the other side", async () => {
  await using sshd = await Sshd.start({ password: PASSWORD, remoteFiles: REMOTE });
  const address = sshd.address("/q").replace("//", `//root:${ENCODED}@`);
  await using channel = await connect(address, sshd.env);
  assertEquals(await textOf(channel), "in\n0\n");
});

here("a password in $JOBQ_SSH_PASSWORD logs in", async () => {
  await using sshd = await Sshd.start({ password: PASSWORD, remoteFiles: REMOTE });
  const address = sshd.address("/q", { user: "root" });
  await using channel = await connect(address, { ...sshd.env, JOBQ_SSH_PASSWORD: PASSWORD });
  assertEquals(await textOf(channel), "in\n0\n");
});

here("a wrong password is refused, tried once, and shown nowhere", async () => {
  await using sshd = await Sshd.start({ password: PASSWORD, remoteFiles: REMOTE });
  const records: LogRecord[] = [];
  const log = createLogger("debug", (record) => records.push(record));
  const channel = await connect(sshd.address("/q").replace("//", "//root:wr0ng@"), sshd.env, { log });
  assertEquals(await textOf(channel), "");
  const error = await channel.failure();
  await channel.close();
  assert(error instanceof AccessDeniedError, error.message);
  assertMatch(error.message, /the login was refused, with the password too$/);
  assert(!JSON.stringify([error.message, error.hint, records]).includes("wr0ng"));
  assertEquals((await sshd.log()).match(/Failed password/g)?.length, 1);
});

here("a password does not make a host trusted whose key is not known", async () => {
  await using sshd = await Sshd.start({
    password: PASSWORD,
    remoteFiles: REMOTE,
    sshConfig: ["StrictHostKeyChecking ask"],
  });
  await Deno.writeTextFile(sshd.directory.join("known_hosts"), "");
  await using channel = await connect(sshd.address("/q").replace("//", `//root:${ENCODED}@`), sshd.env);
  assertEquals(await textOf(channel), "");
  assertMatch((await channel.failure()).message, /the host's key is not known$/);
  assert(!(await sshd.log()).includes("password"));
});

here("the password of a host is not told to the jump host before it", async () => {
  await using jump = await Sshd.start({ password: PASSWORD });
  const sshConfig = [
    "Host far",
    "  HostName 127.0.0.1",
    // The jump host would take this very password.
    `  ProxyCommand ssh -o StrictHostKeyChecking=no -F ${
      jump.directory.join("ssh_config")
    } -o BatchMode=no ` +
    `-o NumberOfPasswordPrompts=1 -p ${jump.port} -W %h:%p root@127.0.0.1`,
  ];
  await using sshd = await Sshd.start({ password: PASSWORD, remoteFiles: REMOTE, sshConfig });
  const address = `ssh://root:${ENCODED}@far:${sshd.port}/q`;
  await using channel = await connect(address, sshd.env);
  assertEquals(await textOf(channel), "");
  assert(!(await jump.log()).includes("Accepted password"));
});

/** A stand-in for ssh that asks its helper as ssh does, and shows what it was given. */
const ASKING = `#!/bin/sh
"$SSH_ASKPASS" "ann@login's password: " > "$0.answer"
"$SSH_ASKPASS" "Are you sure you want to continue connecting (yes/no/[fingerprint])? " >> "$0.answer" && echo bad
"$SSH_ASKPASS" "Enter passphrase for key '/home/ann/.ssh/id': " >> "$0.answer" && echo bad
tr '\\0' '\\n' < /proc/$$/cmdline
cat "$SSH_ASKPASS"
env | grep -v '^JOBQ_ASKPASS_ANSWER='
echo "$SSH_ASKPASS" > "$0.helper"
`;

test("the password is answered to its question alone, and is not in what ps or a file shows", async () => {
  await using dir = await TempDir.make();
  await writePrograms(dir.path, { ssh: ASKING });
  const env = { PATH: dir.path, JOBQ_SSH_PASSWORD: PASSWORD };
  Deno.env.set("JOBQ_SSH_PASSWORD", PASSWORD);
  Deno.env.set("JOBQ", `ssh://ann:${ENCODED}@login/q`);
  let text: string;
  try {
    await using channel = await connect("ssh://ann@login/q", env);
    text = await textOf(channel);
  } finally {
    Deno.env.delete("JOBQ_SSH_PASSWORD");
    Deno.env.delete("JOBQ");
  }
  assertEquals(await Deno.readTextFile(dir.join("ssh.answer")), `${PASSWORD}\n`);
  assertMatch(text, /SSH_ASKPASS_REQUIRE=force/);
  assert(!/s3cret|^bad$/m.test(text), text);
});

test("the helper is gone with the ssh for which it was made", async () => {
  await using dir = await TempDir.make();
  await writePrograms(dir.path, { ssh: ASKING });
  const channel = await connect("ssh://ann@login/q", { PATH: dir.path, JOBQ_SSH_PASSWORD: PASSWORD });
  await textOf(channel);
  await channel.close();
  const helper = (await Deno.readTextFile(dir.join("ssh.helper"))).trim();
  assertMatch(helper, /\/askpass$/);
  assertEquals(await Deno.stat(helper).catch((error) => error instanceof Deno.errors.NotFound), true);
});

test("without a password, ssh gets no helper of ours", async () => {
  await using dir = await TempDir.make();
  await writePrograms(dir.path, { ssh: '#!/bin/sh\necho "[$JOBQ_ASKPASS_ANSWER$JOBQ_ASKPASS_PID]"\n' });
  await using channel = await connect("ssh://ann@login/q", { PATH: dir.path });
  assertEquals(await textOf(channel), "[]\n");
});
