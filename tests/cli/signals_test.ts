import { assertEquals, assertMatch } from "../support/assert.ts";
import { shell } from "../support/jobq.ts";
import { QueueFile } from "../support/queue_file.ts";
import { test } from "../support/testing.ts";

const SIGNALS = { INT: 130, TERM: 143, HUP: 129 } as const;

for (const [signal, expected] of Object.entries(SIGNALS)) {
  test(`SIG${signal} makes the process of a worker give its job back and exit with ${expected}`, async () => {
    await using queue = await QueueFile.with("echo running; exec sleep 60");
    const script = `
      exec 3< <("$DENO" run -A --quiet "$MAIN" ${queue.path} worker & echo "$!"; wait "$!"; echo "code $?")
      read -r pid <&3; read -r said <&3
      kill -${signal} "$pid"
      echo "$said"; cat <&3`;
    const { stdout, stderr } = await shell(script);
    assertEquals(stdout, `running\ncode ${expected}\n`, stderr);
    assertMatch(stderr, /stopping the running jobs and giving them back/);
    assertEquals((await queue.counts()).ready, 1);
  });
}

test("SIGUSR1 makes the process of a worker finish its job and exit with 0", async () => {
  await using queue = await QueueFile.with(
    "echo running; until [ -e go ]; do sleep 0.01; done",
    "echo second",
  );
  const script = `
    exec 3< <("$DENO" run -A --quiet "$MAIN" ${queue.path} worker 2>&1 & echo "$!"; wait "$!"; echo "code $?")
    read -r pid <&3; until [ "$said" = running ]; do read -r said <&3; done
    kill -USR1 "$pid"
    read -r answer <&3
    touch go
    echo "$said; $answer"; cat <&3`;
  const { stdout } = await shell(script, { cwd: queue.directory.path });
  assertMatch(stdout, /^running; .* taking no more jobs; leaving when the running ones have ended\n/);
  assertMatch(stdout, /leaving: drained completed=1 .*\ncode 0\n$/);
  const { ready, completed } = await queue.counts();
  assertEquals([ready, completed], [1, 1]);
});
