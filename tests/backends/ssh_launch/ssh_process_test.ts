import type { OpenQueueOptions } from "../../../src/backends/registry.ts";
import { AccessDeniedError, BackendError } from "../../../src/core/errors.ts";
import { createLogger, type LogRecord } from "../../../src/log/logger.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { makeKey, writePrograms } from "../../support/ssh_programs.ts";
import { freePort, HAS_SSHD, SSHD, Sshd } from "../../support/sshd.ts";
import { TempDir } from "../../support/temp_dir.ts";
import { test, testWhere } from "../../support/testing.ts";
import { waitUntil } from "../../support/wait_until.ts";
import { connect, textOf } from "./connect.ts";

const encoder = new TextEncoder();

const isRunning = (pid: number) => Deno.stat(`/proc/${pid}`).then(() => true, () => false);

/** A program over there that writes its pid into a file of its own directory, then does something. */
const noting = (then: string) => `#!/bin/sh\necho $$ > "$0.new"; mv "$0.new" "$0.pid"\n${then}\n`;

async function pidOf(program: string): Promise<number> {
  return await waitUntil(async () => Number(await Deno.readTextFile(`${program}.pid`).catch(() => "0")));
}

const here = (name: string, fn: () => Promise<void>) => testWhere(HAS_SSHD, SSHD, name, fn);

here("bytes go both ways over ssh, in order and unchanged, more than fit into its pipes", async () => {
  await using sshd = await Sshd.start({ remoteFiles: { jobq: "#!/bin/sh\nexec cat\n" } });
  await using channel = await connect(sshd.address("/q"), sshd.env);
  const sent = new Uint8Array(3_000_000).map((_, index) => (index * 7 + (index >> 8)) & 255);
  const writer = channel.writable.getWriter();
  const writing = (async () => {
    for (let at = 0; at < sent.length; at += 50_000) await writer.write(sent.subarray(at, at + 50_000));
    await writer.close();
  })();
  const parts: Uint8Array[] = [];
  for await (const part of channel.readable) parts.push(part.slice());
  await writing;
  const got = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  assertEquals(got.length, sent.length);
  assert(got.every((byte, index) => byte === sent[index]));
});

here(
  "closing a channel ends ssh and the program over there, though both of its streams are held",
  async () => {
    await using sshd = await Sshd.start({ remoteFiles: { jobq: noting("exec cat") } });
    const channel = await connect(sshd.address("/q"), sshd.env);
    const _writer = channel.writable.getWriter();
    const reader = channel.readable.getReader();
    const read = reader.read();
    const pid = await pidOf(sshd.directory.join("there/jobq"));
    await channel.close();
    await channel.close();
    assertEquals((await read).done, true);
    await waitUntil(async () => !await isRunning(pid), { what: "the end over there" });
  },
);

here(
  "closing a channel ends ssh though the program over there does not heed the end of its input",
  async () => {
    await using sshd = await Sshd.start({ remoteFiles: { jobq: noting("exec sleep 1000") } });
    const channel = await connect(sshd.address("/q"), sshd.env);
    const pid = await pidOf(sshd.directory.join("there/jobq"));
    try {
      await channel.close();
    } finally {
      Deno.kill(pid, "SIGKILL");
    }
  },
);

here("what is sent while nobody reads over there does not keep a channel from being closed", async () => {
  await using sshd = await Sshd.start({ remoteFiles: { jobq: noting("exec sleep 1000") } });
  const channel = await connect(sshd.address("/q"), sshd.env);
  const pid = await pidOf(sshd.directory.join("there/jobq"));
  try {
    const writing = channel.writable.getWriter().write(new Uint8Array(16_000_000)).catch(() => "cut");
    await channel.close();
    assertEquals(await writing, "cut");
  } finally {
    Deno.kill(pid, "SIGKILL");
  }
});

here("the signals that stop a worker do not reach the ssh on which it gives its jobs back", async () => {
  await using sshd = await Sshd.start({ remoteFiles: { jobq: "#!/bin/sh\nexec cat\n" } });
  await using channel = await connect(sshd.address("/q"), sshd.env);
  const reader = channel.readable.getReader();
  const writer = channel.writable.getWriter();
  const echo = async (text: string) => {
    await writer.write(encoder.encode(text));
    return new TextDecoder().decode((await reader.read()).value);
  };
  assertEquals(await echo("before"), "before");
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "pid=", "--ppid", `${Deno.pid}`, "-C", "ssh"],
  })
    .output();
  const own = new TextDecoder().decode(stdout).trim().split(/\s+/).map(Number);
  const ssh = await Promise.all(own.map(async (pid) => {
    const line = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
    return line.includes(sshd.directory.join("ssh_config")) ? pid : 0;
  }));
  const pid = ssh.find((one) => one > 0);
  assert(pid !== undefined, "ssh is not a child of this process");
  for (const signal of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM"] as const) {
    Deno.kill(pid, signal);
    assertEquals(await echo(signal), signal);
  }
});

here("an alias of the configuration of ssh is a host, with the port that stands there", async () => {
  await using sshd = await Sshd.start({ remoteFiles: { jobq: '#!/bin/sh\necho "$@"\n' } });
  // The key is known under the address to which the alias leads.
  await using channel = await connect("ssh://there/a%20b#c", sshd.env);
  assertEquals(await textOf(channel), "serve --stdio file:/a b#c\n");
});

here("a command and a terminal that are configured for a host do not get in the way", async () => {
  const sshConfig = ["RemoteCommand echo no", "RequestTTY force"];
  await using sshd = await Sshd.start({
    sshConfig,
    remoteFiles: { jobq: "#!/bin/sh\ntest -t 1 || echo yes\n" },
  });
  await using channel = await connect(sshd.address("/q"), sshd.env);
  assertEquals(await textOf(channel), "yes\n");
});

here("what ssh and the other side say goes to the log, without what would move the cursor", async () => {
  const script = `#!/bin/sh\nprintf 'one\\033[2J\\r\\ntwo' >&2\n`;
  await using sshd = await Sshd.start({ remoteFiles: { jobq: script } });
  const records: LogRecord[] = [];
  const log = createLogger("debug", (record) => records.push(record));
  const channel = await connect(sshd.address("/q"), sshd.env, { log });
  assertEquals(await textOf(channel), "");
  await channel.close();
  assertEquals(records.map(({ message }) => message), ["ssh 127.0.0.1: one[2J", "ssh 127.0.0.1: two"]);
});

/** Why a channel ended of which nobody knew better. */
async function failureOf(address: string, env: Readonly<Record<string, string>>, options?: OpenQueueOptions) {
  await using channel = await connect(address, env, options);
  assertEquals(await textOf(channel), "");
  return await channel.failure();
}

here("a port on which nobody listens is told as an unreachable host", async () => {
  await using sshd = await Sshd.start();
  const error = await failureOf(`ssh://127.0.0.1:${freePort()}/q`, sshd.env);
  assert(error instanceof BackendError && error.transient);
  assertMatch(
    error.message,
    /: the host refuses the connection \(ssh: connect to host 127\.0\.0\.1 port \d+: /,
  );
});

here("a name that nobody resolves is told as one", async () => {
  await using sshd = await Sshd.start();
  const error = await failureOf("ssh://no-such-host.invalid/q", sshd.env);
  assert(error instanceof BackendError && error.transient);
  assertMatch(
    error.message,
    /^Cannot reach "ssh:\/\/no-such-host\.invalid\/q": its host's name cannot be resolved/,
  );
});

here("a key that is not allowed over there is told as denied access", async () => {
  await using sshd = await Sshd.start();
  await Deno.remove(sshd.directory.join("user_key"));
  await makeKey(sshd.directory.join("another_key"));
  await Deno.rename(sshd.directory.join("another_key"), sshd.directory.join("user_key"));
  const error = await failureOf(sshd.address("/q"), sshd.env);
  assert(error instanceof AccessDeniedError, error.message);
  assertMatch(error.message, /: the login was refused$/);
});

here("a host whose key is not known is told, and not trusted", async () => {
  await using sshd = await Sshd.start();
  await Deno.writeTextFile(sshd.directory.join("known_hosts"), "");
  const error = await failureOf(sshd.address("/q"), sshd.env);
  assert(error instanceof AccessDeniedError, error.message);
  assertMatch(error.message, /: the host's key is not known$/);
  assertEquals(await Deno.readTextFile(sshd.directory.join("known_hosts")), "");
});

here("a host whose key has changed is told, and how to forget the old one", async () => {
  await using sshd = await Sshd.start();
  const key = await Deno.readTextFile(sshd.directory.join("user_key.pub"));
  await Deno.writeTextFile(sshd.directory.join("known_hosts"), `[127.0.0.1]:${sshd.port} ${key}`);
  const error = await failureOf(sshd.address("/q"), sshd.env);
  assert(error instanceof AccessDeniedError, error.message);
  assertMatch(error.message, /: the host's key is not the one that is known$/);
  assert(error.hint?.includes(`ssh-keygen -R '[127.0.0.1]:${sshd.port}'`), error.hint);
});

here("a jobq that is not over there is told, by the name that was looked for", async () => {
  await using sshd = await Sshd.start();
  const error = await failureOf(sshd.address("/q"), sshd.env, { ssh: { remoteJobq: "~/no such jobq" } });
  assertEquals(error.exitCode, 5);
  assertMatch(error.message, /: "~\/no such jobq" was not found on 127\.0\.0\.1$/);
});

here("a jobq that may not be executed over there is told", async () => {
  await using sshd = await Sshd.start();
  await Deno.writeTextFile(sshd.directory.join("home/jobq"), "");
  const error = await failureOf(sshd.address("/q"), sshd.env, { ssh: { remoteJobq: "~/jobq" } });
  assertMatch(error.message, /: "~\/jobq" cannot be executed on 127\.0\.0\.1$/);
});

here("a program over there that fails is told, with the last it said", async () => {
  const jobq = "#!/bin/sh\nseq 2000 >&2; echo 'error: bad luck' >&2; exit 9\n";
  await using sshd = await Sshd.start({ remoteFiles: { jobq } });
  const { message } = await failureOf(sshd.address("/q"), sshd.env);
  assertMatch(message, /"jobq" ended on 127\.0\.0\.1 with exit code 9: bad luck$/);
});

test("without an ssh on this machine, it is said what to install", async () => {
  await using empty = await TempDir.make();
  const error = await assertRejects(connect("ssh://login/q", { PATH: empty.path }), BackendError);
  assertEquals(error.message, 'Cannot reach "ssh://login/q": ssh is not on this machine');
  assertMatch(error.hint ?? "", /openssh-client/);
});

test("ssh may ask on a terminal only where there is one", async () => {
  await using dir = await TempDir.make();
  await writePrograms(dir.path, { ssh: '#!/bin/sh\necho "$@"\n' });
  for (const mayAsk of [false, true]) {
    await using channel = await connect("ssh://login/q", { PATH: dir.path }, { ssh: { mayAsk } });
    assertEquals((await textOf(channel)).includes("BatchMode=yes"), !mayAsk);
  }
});

test("$JOBQ_REMOTE_JOBQ names the program over there, unless an option does", async () => {
  await using dir = await TempDir.make();
  await writePrograms(dir.path, { ssh: '#!/bin/sh\nfor last; do :; done; echo "$last"\n' });
  const env = { PATH: dir.path, JOBQ_REMOTE_JOBQ: "~/one" };
  await using byEnv = await connect("ssh://login/q", env);
  await using byOption = await connect("ssh://login/q", env, { ssh: { remoteJobq: "/two" } });
  assertEquals(await textOf(byEnv), "~/one serve --stdio file:/q\n");
  assertEquals(await textOf(byOption), "/two serve --stdio file:/q\n");
});
