/** The process ids of the ssh clients that some processes have started. */
export async function sshClientsOf(pids: readonly number[]): Promise<readonly number[]> {
  if (pids.length === 0) return [];
  const args = ["-o", "pid=,comm=", "--ppid", pids.join(",")];
  const { stdout } = await new Deno.Command("ps", { args }).output();
  return new TextDecoder().decode(stdout).split("\n").flatMap((line) => {
    const [pid = "", name] = line.trim().split(/\s+/);
    return name === "ssh" ? Number(pid) : [];
  });
}

/** Kills one of them, chosen at random, as when its connection is gone. @returns whether there was one */
export async function killAnSshClientOf(pids: readonly number[]): Promise<boolean> {
  const clients = await sshClientsOf(pids);
  const one = clients[Math.floor(Math.random() * clients.length)];
  if (one === undefined) return false;
  try {
    Deno.kill(one, "SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
  return true;
}
