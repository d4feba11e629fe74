import { main } from "../../src/cli/main.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeIo } from "../support/fake_io.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

test("push takes the lines of standard input in their order and prints as many ids", async () => {
  await using queue = await QueueFile.make();
  const { code, stdout, stderr } = await queue.process(["push"], { stdin: "echo 1\necho 2\necho 3\n" });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, (await queue.jobs()).map(({ id }) => `${id}\n`).join(""));
  assertEquals(await queue.commands(), ["echo 1", "echo 2", "echo 3"]);
});

test("push takes CRLF, blank lines and a last line without its end", async () => {
  await using queue = await QueueFile.make();
  const { code } = await queue.process(["push"], { stdin: "\r\na\r\n\n   \nb\r\n\nc" });
  assertEquals(code, 0);
  assertEquals(await queue.commands(), ["a", "b", "c"]);
});

test("push takes 20,000 lines", async () => {
  await using queue = await QueueFile.make();
  const lines = Array.from({ length: 20_000 }, (_, index) => `echo ${index}`);
  const { code, stdout } = await queue.process(["push"], { stdin: lines.join("\n") });
  assertEquals([code, stdout.match(/^\d+-\w+$/gm)?.length], [0, 20_000]);
  assertEquals(await queue.commands(), lines);
});

test("push pushes what has come while standard input is still open", async () => {
  await using queue = await QueueFile.make();
  let seen: readonly string[] | undefined;
  const encoder = new TextEncoder();
  const slowly = async function* () {
    yield encoder.encode("first\nsec");
    seen = await waitUntil(async () => {
      const commands = await queue.commands();
      return commands.length > 0 ? commands : undefined;
    });
    yield encoder.encode("ond\n");
  };
  const fake = new FakeIo();
  const io = { ...fake.io, stdin: () => ReadableStream.from(slowly()) };
  assertEquals(await main([queue.path, "push"], io), 0);
  assertEquals([seen, await queue.commands()], [["first"], ["first", "second"]]);
});

test("the options of push are the defaults of JSON lines, and -e wins over the line's env", async () => {
  await using queue = await QueueFile.make();
  const stdin = '{"cmd":"a","env":{"A":"line","B":"line"},"timeout":"2s"}\nb\n';
  await queue.jobq(["push", "-e", "B=option", "--timeout", "9s", "--name", "n"], { stdin });
  const told = (await queue.jobs()).map(({ env, timeoutMs, name }) => ({ env, timeoutMs, name }));
  assertEquals(told, [
    { env: { A: "line", B: "option" }, timeoutMs: 2_000, name: "n" },
    { env: { B: "option" }, timeoutMs: 9_000, name: "n" },
  ]);
});

test("what a JSON line says is what the job gets when it runs", async () => {
  await using queue = await QueueFile.make();
  const line = { cmd: 'echo "$PWD $A"', env: { A: "a b" }, cwd: queue.directory.path };
  await queue.jobq(["push"], { stdin: JSON.stringify(line) });
  const { stdout } = await queue.process(["worker", "--quiet"]);
  assertEquals(stdout, `${await Deno.realPath(queue.directory.path)} a b\n`);
});

test("a JSON line with an array runs the program without a shell", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push"], { stdin: '{"cmd":["printf","%s|","$HOME","a  b","; false","*"]}' });
  const { code, stdout } = await queue.process(["pull", "--quiet"]);
  assertEquals([code, stdout], [0, "$HOME|a  b|; false|*|"]);
});

test("a JSON line's num_retries and retry_delay are kept by the worker", async () => {
  await using queue = await QueueFile.make();
  const line = { cmd: "echo $JOBQ_ATTEMPT; exit 1", num_retries: 2, retry_delay: "1ms" };
  await queue.jobq(["push"], { stdin: JSON.stringify(line) });
  const { code, stdout } = await queue.process(["worker", "--quiet"]);
  assertEquals([code, stdout], [6, "1\n2\n3\n"]);
});

test("a JSON line's timeout stops the job", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push"], { stdin: '{"cmd":"exec sleep 60","timeout":"50ms"}' });
  assertEquals((await queue.process(["pull", "--quiet"])).code, 1);
  const [letter] = await queue.look(({ deadLetters }) => deadLetters.list());
  assertEquals(letter?.failure.kind, "timed-out");
});

test("a JSON line's delay keeps the job from being ready", async () => {
  await using queue = await QueueFile.make();
  await queue.jobq(["push"], { stdin: '{"cmd":"true","delay":3600}\ntrue\n' });
  const { ready, delayed } = await queue.counts();
  assertEquals([ready, delayed], [1, 1]);
});
