/** How to run a program that may mount a filesystem of its own, or nothing where this user may not. */
export async function findUnshare(): Promise<readonly string[]> {
  for (const unshare of [["unshare", "-m"], ["unshare", "-Urm"]]) {
    const [program = "", ...args] = unshare;
    const mount = [...args, "sh", "-c", "mount -t tmpfs tmpfs /tmp"];
    const { success } = await new Deno.Command(program, { args: mount, stderr: "null" }).output();
    if (success) return unshare;
  }
  return [];
}
