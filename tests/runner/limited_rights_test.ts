import { assert, assertEquals } from "../support/assert.ts";
import {
  ALL_RIGHTS,
  ended,
  LIMITED_RIGHTS,
  limitedJobq,
  spawnLimitedJobq,
  spawnScript,
} from "../support/rights.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test, testWhere } from "../support/testing.ts";
import { waitUntil } from "../support/wait_until.ts";

interface HostOptions {
  readonly rights: readonly string[];
  readonly env?: Record<string, string>;
  readonly jobEnv?: Record<string, string>;
}

/** Runs one command; answers what it printed and the kind of its outcome. */
async function runOne(
  command: string,
  { rights, env, jobEnv = {} }: HostOptions,
): Promise<{ printed: string[]; outcome: string }> {
  const child = spawnScript("runner_host.ts", {
    rights,
    args: [command],
    env: { ...env, JOB_ENV: JSON.stringify(jobEnv) },
  });
  const { stdout, stderr } = await child.output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  const last = lines.pop() ?? "";
  assert(last.startsWith("["), new TextDecoder().decode(stderr));
  const [outcome] = JSON.parse(last) as [{ kind: string; error?: string }];
  return { printed: lines, outcome: outcome.error ?? outcome.kind };
}

const HOSTS: Readonly<Record<string, HostOptions>> = {
  "limited rights": { rights: LIMITED_RIGHTS },
  "all rights": { rights: ALL_RIGHTS },
  "limited rights and a terminal": { rights: LIMITED_RIGHTS, env: { EMULATE_TTY: "1" } },
};
for (const [name, host] of Object.entries(HOSTS)) {
  test(`with ${name}, linker variables of the worker reach the job`, async () => {
    const { printed, outcome } = await runOne('echo "$LD_LIBRARY_PATH|$LD_PRELOAD"', {
      ...host,
      env: { LD_LIBRARY_PATH: "/opt/cuda/lib:/a b", LD_PRELOAD: "/nonexistent/lib.so", ...host.env },
    });
    assertEquals([outcome, printed.at(-1)], ["succeeded", "/opt/cuda/lib:/a b|/nonexistent/lib.so"]);
  });

  test(`with ${name}, linker variables of the job win over the worker's`, async () => {
    const { printed, outcome } = await runOne('echo "$LD_LIBRARY_PATH"', {
      ...host,
      env: { LD_LIBRARY_PATH: "/worker", ...host.env },
      jobEnv: { LD_LIBRARY_PATH: "/job $HOME '\"" },
    });
    assertEquals([outcome, printed.at(-1)], ["succeeded", "/job $HOME '\""]);
  });

  test(`with ${name}, a changed PATH changes what the job finds, and not what runs it`, async () => {
    await using dir = await TempDir.make();
    for (const program of ["bash", "setsid", "env", "sh", "script", "tty"]) {
      await Deno.writeTextFile(dir.join(program), "#!/bin/sh\necho false one\n", { mode: 0o755 });
    }
    await Deno.writeTextFile(dir.join("tool"), "#!/bin/sh\necho right one\n", { mode: 0o755 });
    const { printed, outcome } = await runOne("tool", {
      ...host,
      jobEnv: { PATH: `${dir.path}:/usr/bin:/bin` },
    });
    assertEquals([outcome, printed], ["succeeded", ["right one"]]);
  });

  test(`with ${name}, what a job leaves behind in its group is killed`, async () => {
    const { printed, outcome } = await runOne("sleep 100 > /dev/null 2>&1 & echo $!", host);
    assertEquals(outcome, "succeeded");
    // A signal that was sent is acted upon when the process is next run.
    await waitUntil(() => isGone(printed[0]), { what: "the end of what was left behind" });
  });
}

/** Leaves a process in the job's group that has exited, and whose parent, outside of the group, does not care. */
const UNREAPED = `
use POSIX;
my $child = fork;
if (!$child) { sleep 1 while 1 }
POSIX::setsid();
open(my $file, ">", $ENV{PID_FILE} . ".part"); print $file "$$\\n"; close $file;
rename "$ENV{PID_FILE}.part", $ENV{PID_FILE};
sleep 60;
`.trim();

testWhere(
  Deno.build.os === "linux" && await hasPerl(),
  "Linux and perl",
  "with limited rights, a stopped job has ended when only processes that nobody reaps are left of it",
  async () => {
    await using dir = await TempDir.make();
    const [queue, file, script] = [dir.join("jobs.db"), dir.join("pid"), dir.join("script.pl")];
    await Deno.writeTextFile(script, UNREAPED);
    const command = `perl '${script}' > /dev/null 2>&1 & wait`;
    await limitedJobq([queue, "push", "-c", command, "-e", `PID_FILE=${file}`]);
    const worker = spawnLimitedJobq([queue, "worker", "--kill-timeout", "1h"]);
    const parent = await waitUntil(() => Deno.readTextFile(file).catch(() => ""), {
      what: "the job's start",
    });
    try {
      worker.kill("SIGTERM");
      let code: number | undefined;
      const end = ended(worker).then((result) => code = result.code);
      await waitUntil(() => code !== undefined, { what: "the worker's end" }).catch(() =>
        worker.kill("SIGKILL")
      );
      await end;
      assertEquals(code, 143);
    } finally {
      Deno.kill(Number(parent), "SIGKILL");
    }
  },
);

async function hasPerl(): Promise<boolean> {
  try {
    return (await new Deno.Command("perl", { args: ["-MPOSIX", "-e", "1"] }).output()).success;
  } catch {
    return false;
  }
}

/** A zombie is gone, too. */
function isGone(pid: string | undefined): boolean {
  try {
    return / Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return true;
  }
}
