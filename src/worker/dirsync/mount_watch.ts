import { BackendError } from "../../core/errors.ts";

/**
 * Notices that the filesystem which held a directory was unmounted: then a directory of the same name may appear,
 * empty, on the filesystem below, and whoever writes there writes to the wrong disk.
 */
export class MountWatch {
  readonly #path: string;
  readonly #below: number | undefined;

  private constructor(path: string, below: number | undefined) {
    this.#path = path;
    this.#below = below;
  }

  static async start(path: string): Promise<MountWatch> {
    const real = await Deno.realPath(path);
    const { dev } = await Deno.stat(real);
    for (let parent = parentOf(real); parent !== undefined; parent = parentOf(parent)) {
      const { dev: other } = await Deno.stat(parent);
      if (other !== dev) return new MountWatch(path, other);
    }
    return new MountWatch(path, undefined);
  }

  /** @throws {BackendError} when it is unmounted; what the system says when the directory is gone */
  async check(): Promise<void> {
    // On the filesystem of / there is nothing below.
    if (this.#below === undefined) return;
    const { dev } = await Deno.stat(this.#path);
    if (dev !== this.#below) return;
    throw new BackendError(`Cannot sync to "${this.#path}": its filesystem is not mounted any more`, {
      transient: true,
      hint: "mount it again",
    });
  }
}

/** The directory that a path is in; undefined for `/`. */
export function parentOf(path: string): string | undefined {
  const at = path.lastIndexOf("/");
  return at < 0 || path === "/" ? undefined : path.slice(0, at) || "/";
}
