import { BackendError } from "../../core/errors.ts";

/** Where it is looked for when PATH lacks it. */
const USUAL_PLACES = ["/usr/bin", "/bin", "/usr/local/bin"];

/**
 * The absolute path of the system's ssh, by PATH.
 *
 * @param name the address of the queue that is to be reached, without secrets
 * @throws {BackendError} when there is none
 */
export async function findSsh(path: string | undefined, name: string): Promise<string> {
  const places = path?.split(":").filter((place) => place.startsWith("/")) ?? USUAL_PLACES;
  for (const place of places) {
    const stat = await Deno.stat(`${place}/ssh`).catch(() => undefined);
    if (stat?.isFile && ((stat.mode ?? 0o111) & 0o111) !== 0) return `${place}/ssh`;
  }
  throw new BackendError(`Cannot reach "${name}": ssh is not on this machine`, {
    hint: "install OpenSSH's client (on Debian and Ubuntu: openssh-client), or add its directory to PATH",
  });
}
