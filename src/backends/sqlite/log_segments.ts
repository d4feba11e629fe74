/** One file of the log of an execution. A log that outgrows a file goes on in the next one. */
export interface Segment {
  /** How much was printed before it, in bytes. */
  readonly offset: number;
  readonly path: string;
}

/** Where the part of a log is kept that begins at this offset. */
export function segmentPath(folder: string, execution: number, offset: number): string {
  return `${folder}/${execution}${offset === 0 ? "" : `.${offset}`}.log`;
}

/** What there is of the log of an execution, in order. */
export async function listSegments(folder: string, execution: number): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  for (const name of await listNames(folder)) {
    const [, number, offset = "0"] = /^(\d+)(?:\.(\d+))?\.log$/.exec(name) ?? [];
    if (Number(number) === execution) segments.push({ offset: Number(offset), path: `${folder}/${name}` });
  }
  return segments.sort((a, b) => a.offset - b.offset);
}

/** What is in a directory; nothing when there is none. */
export async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await Array.fromAsync(Deno.readDir(directory), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
