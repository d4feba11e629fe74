import { commandLine } from "../../src/runner/command_line.ts";
import { findPrograms } from "../../src/runner/programs.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { TempDir } from "../support/temp_dir.ts";
import { test } from "../support/testing.ts";

const PROGRAMS = { bash: "/bin/bash", sh: "/bin/sh", env: "/usr/bin/env", setsid: "/usr/bin/setsid" };

test("a shell command is started through setsid, with absolute paths", () => {
  const line = commandLine({ kind: "shell", command: "echo $X" }, {
    env: { X: "1", LD_PRELOAD: "/p" },
    programs: PROGRAMS,
    unrestricted: true,
  });
  assertEquals([line.file, ...line.args], ["/usr/bin/setsid", "--", "/bin/bash", "-c", "echo $X"]);
  assertEquals([line.env, line.detached], [{ X: "1", LD_PRELOAD: "/p" }, false]);
});

test("with limited rights, linker variables go through env and not through the runtime", () => {
  const line = commandLine({ kind: "argv", argv: ["a=b", "c"] }, {
    env: { X: "1", LD_PRELOAD: "/p q", DYLD_X: "y" },
    programs: PROGRAMS,
    unrestricted: false,
  });
  assertEquals(
    [line.file, ...line.args],
    ["/usr/bin/env", "LD_PRELOAD=/p q", "DYLD_X=y", "/usr/bin/setsid", "--", "a=b", "c"],
  );
  assertEquals(line.env, { X: "1" });
});

test("a job with a terminal is started by a shell that opens it and becomes the job, in the same session", () => {
  const { file, args } = commandLine({ kind: "argv", argv: ["a=b", "c d"] }, {
    env: { LD_PRELOAD: "/p" },
    programs: PROGRAMS,
    unrestricted: false,
    terminal: "/dev/pts/5",
  });
  const shell = ["/bin/bash", "-pc", 'exec >"$0" 2>&1 && exec -- "$@"', "/dev/pts/5"];
  assertEquals(
    [file, ...args],
    ["/usr/bin/env", "LD_PRELOAD=/p", "/usr/bin/setsid", "--", ...shell, "a=b", "c d"],
  );
});

test("with limited rights and without setsid, a shell becomes a program that the runtime may not start", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("a=b"), '#!/bin/sh\necho "$0 $1 $LD_X"\n', { mode: 0o755 });
  const { file, args, env, detached } = commandLine({ kind: "argv", argv: ["a=b", "c d"] }, {
    env: { PATH: `${dir.path}:/usr/bin:/bin`, LD_X: "1", BASH_ENV: "/nonexistent" },
    programs: { ...PROGRAMS, setsid: undefined },
    unrestricted: false,
  });
  assertEquals([file, detached], [PROGRAMS.env, true]);
  const { stdout } = await new Deno.Command(file, {
    args: [...args],
    env: { ...env },
    clearEnv: true,
    detached,
  })
    .output();
  assertEquals(new TextDecoder().decode(stdout), `${dir.join("a=b")} c d 1\n`);
});

test("without setsid the runtime makes the session, and it is a job's own", async () => {
  const { file, args, env, detached } = commandLine({
    kind: "shell",
    command: "echo $$; ps -o pid=,pgid=,sid= -p $$",
  }, {
    env: { PATH: "/usr/bin:/bin" },
    programs: { ...PROGRAMS, setsid: undefined },
    unrestricted: true,
  });
  const child = new Deno.Command(file, {
    args: [...args],
    env: { ...env },
    clearEnv: true,
    detached,
    stdin: "null",
    stdout: "piped",
  });
  // `spawn()` and not `output()` alone, which takes no notice of `detached`.
  const { stdout } = await child.spawn().output();
  const [pid, ...ids] = new TextDecoder().decode(stdout).trim().split(/\s+/);
  assertEquals([file, ids], ["/bin/bash", [pid, pid, pid].map(String)]);
});

test("programs are found along PATH first, and only executable files", async () => {
  await using dir = await TempDir.make();
  await Deno.writeTextFile(dir.join("bash"), "", { mode: 0o755 });
  await Deno.writeTextFile(dir.join("env"), "", { mode: 0o644 });
  await Deno.mkdir(dir.join("sh"));
  const { bash, sh, env } = await findPrograms(`relative:${dir.path}:/usr/bin:/bin`);
  assertEquals(bash, dir.join("bash"));
  assertMatch(sh, /^\/(usr\/)?bin\/sh$/);
  assertMatch(env, /^\/(usr\/)?bin\/env$/);
});

test("programs are found in their usual places though PATH is empty", async () => {
  assertMatch((await findPrograms("")).bash, /\/bash$/);
});
