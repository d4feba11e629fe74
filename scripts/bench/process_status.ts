const POLL_MS = 20;
/** Of /proc/PID/stat on Linux (sysconf(_SC_CLK_TCK)), whatever the kernel's own clock does. */
const TICK_MS = 10;

/**
 * The most memory that a process held at any time of its life (VmHWM), in bytes. It is read until the end, so
 * what was taken in the last moments may be missing.
 */
export async function peakBytes(child: Deno.ChildProcess): Promise<number> {
  let isRunning = true;
  void child.status.then(() => isRunning = false);
  let kibibytes = 0;
  while (isRunning) {
    const status = await Deno.readTextFile(`/proc/${child.pid}/status`).catch(() => "");
    kibibytes = Math.max(kibibytes, Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return kibibytes * 1024;
}

/** The CPU time that a process has used so far, in ms. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // After "pid (name)" the 12th and the 13th field are utime and stime; see proc_pid_stat(5).
  const [user = NaN, system = NaN] = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, 13).map(
    Number,
  );
  return (user + system) * TICK_MS;
}
