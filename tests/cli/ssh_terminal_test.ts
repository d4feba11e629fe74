import { assertEquals, assertMatch } from "../support/assert.ts";
import { JOBQ_WORDS } from "../support/jobq.ts";
import { HAS_SSHD, SSHD } from "../support/sshd.ts";
import { testWhere } from "../support/testing.ts";
import { quoteWords } from "../../src/core/shell_words.ts";
import { waitUntil } from "../support/wait_until.ts";
import { SshQueue } from "./ssh_queue.ts";

const test = (name: string, fn: () => Promise<void>) => testWhere(HAS_SSHD, SSHD, name, fn);

/** Runs jobq on a terminal, and types each answer as soon as its question has come. */
async function onTerminal(
  queue: SshQueue,
  words: readonly string[],
  answers: readonly (readonly [question: RegExp, answer: string])[],
): Promise<{ code: number; output: string }> {
  const line = quoteWords([...JOBQ_WORDS, queue.address, ...words]);
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", line, "/dev/null"],
    env: { ...queue.sshd.env, SHELL: "/bin/sh" },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const open = [...answers];
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    if (!open[0]?.[0].test(output)) continue;
    await writer.write(new TextEncoder().encode(open.shift()?.[1]));
  }
  await writer.close();
  return { code: (await child.status).code, output };
}

test("on a terminal, ssh asks for the passphrase of a key", async () => {
  await using queue = await SshQueue.with("true");
  const key = queue.sshd.directory.join("user_key");
  await new Deno.Command("ssh-keygen", { args: ["-q", "-p", "-P", "", "-N", "open sesame", "-f", key] })
    .output();
  const { code, output } = await onTerminal(queue, ["size"], [[/Enter passphrase for key/, "open sesame\n"]]);
  assertEquals(code, 0, output);
  assertMatch(output, /\n1\r\n$/);
});

test("without a terminal, a key with a passphrase is refused and nobody is asked", async () => {
  await using queue = await SshQueue.with("true");
  const key = queue.sshd.directory.join("user_key");
  await new Deno.Command("ssh-keygen", { args: ["-q", "-p", "-P", "", "-N", "open sesame", "-f", key] })
    .output();
  const { code, stderr } = await queue.process(["size"]);
  assertEquals(code, 4);
  assertMatch(
    stderr,
    /^error: Cannot reach "ssh:.*": the login was refused\nhint: .*ssh-add if it has a passphrase\n$/,
  );
});

test("on a terminal, ssh asks about a host whose key is not known", async () => {
  await using queue = await SshQueue.with("true");
  const config = queue.sshd.directory.join("ssh_config");
  await Deno.writeTextFile(config, (await Deno.readTextFile(config)).replace("Checking yes", "Checking ask"));
  await Deno.writeTextFile(queue.sshd.directory.join("known_hosts"), "");
  const { code, output } = await onTerminal(queue, ["size"], [[/continue connecting/, "yes\n"]]);
  assertEquals(code, 0, output);
  assertMatch(await Deno.readTextFile(queue.sshd.directory.join("known_hosts")), /127\.0\.0\.1/);
});

test("Ctrl-C on a terminal lets a worker over SSH give its job back", async () => {
  await using queue = await SshQueue.with("echo go$((1))on; sleep 1000");
  const { code, output } = await onTerminal(queue, ["worker"], [[/go1on/, "\x03"]]);
  assertEquals(code, 130, output);
  assertMatch(output, /released=1 lost=0/);
  assertEquals((await queue.sshd.log()).match(/Accepted publickey/g)?.length, 1);
  assertEquals((await queue.record(1))?.state, "pending");
});

test("Ctrl-C while ssh asks ends jobq", async () => {
  await using queue = await SshQueue.with("true");
  const key = queue.sshd.directory.join("user_key");
  await new Deno.Command("ssh-keygen", { args: ["-q", "-p", "-P", "", "-N", "open sesame", "-f", key] })
    .output();
  const { code, output } = await onTerminal(queue, ["size"], [[/Enter passphrase for key/, "\x03"]]);
  assertEquals(code, 130, output);
  const config = queue.sshd.directory.join("ssh_config");
  const isAsking = async () => {
    const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
    return new TextDecoder().decode(stdout).includes(config);
  };
  await waitUntil(async () => !await isAsking(), { what: "the end of ssh" });
});
