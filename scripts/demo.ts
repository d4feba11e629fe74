/** Queues a handful of real commands on a temporary queue, runs them in two slots, and shows what became of them. */
import { openQueue } from "../src/mod.ts";

const COMMANDS: readonly string[] = [
  "echo hello from $JOBQ_JOB_ID in slot $JOBQ_SLOT",
  "for i in 1 2 3; do echo step $i; sleep 0.2; done",
  "date && uname -s",
  "echo this one fails >&2; exit 3",
  'printf \'{"answer": %d}\' $((6 * 7)) > "$JOBQ_RESULT"',
  "echo the last one",
];

const encoder = new TextEncoder();
const say = (text: string) => Deno.stdout.write(encoder.encode(text));
const main = new URL("../main.ts", import.meta.url).pathname;
const directory = await Deno.makeTempDir({ prefix: "jobq-demo-" });
const address = `${directory}/demo.db`;

async function jobq(...args: string[]): Promise<void> {
  const shown = args.map((arg) => /[^\w./=-]/.test(arg) ? `'${arg.replaceAll("'", "'\\''")}'` : arg).join(
    " ",
  );
  await say(`$ jobq demo.db ${shown}\n`);
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", main, address, ...args],
  });
  const { code } = await command.spawn().status;
  if (code !== 0) throw new Error(`it exited with ${code}`);
  await say("\n");
}

try {
  for (const command of COMMANDS) await jobq("push", "-c", command);
  await jobq("peek");
  await jobq("worker", "-n", "2");
  await jobq("dead", "list");
  await jobq("size", "--states");
  await using queue = await openQueue(address, { create: false });
  const { completed = 0, failed } = await queue.counts();
  if (completed !== COMMANDS.length - 1 || failed !== 1) throw new Error("not every job ended as it should");
  await say(`${completed} jobs completed, and 1 failed as it was made to.\n`);
} finally {
  await Deno.remove(directory, { recursive: true });
}
