/** One file of the log of an execution. A log that outgrows a file goes on in the next one. */
export interface Segment {
  /** How much was printed before it, in bytes. */
  readonly offset: number;
  readonly path: string;
}

/** The log of one execution: its files begin with `<bucket>/<id>.<execution>.`. */
export interface LogPlace {
  readonly bucket: string;
  readonly id: string;
  readonly execution: number;
}

/** Where the part of a log is kept that begins at this offset. */
export function segmentPath({ bucket, id, execution }: LogPlace, offset: number): string {
  return `${bucket}/${id}.${execution}${offset === 0 ? "" : `.${offset}`}.log`;
}

/** What the name of a file says; undefined when it is none of ours. */
export function readSegmentName(name: string): Omit<LogPlace, "bucket"> & { offset: number } | undefined {
  const [, id, execution, offset = "0"] = /^(\d+-[0-9a-z]+)\.(\d+)(?:\.(\d+))?\.log$/.exec(name) ?? [];
  return id === undefined ? undefined : { id, execution: Number(execution), offset: Number(offset) };
}

/** What there is of a log, in order. */
export async function listSegments({ bucket, id, execution }: LogPlace): Promise<readonly Segment[]> {
  const segments: Segment[] = [];
  for (const name of await listNames(bucket)) {
    const segment = readSegmentName(name);
    if (segment?.id === id && segment.execution === execution) {
      segments.push({ offset: segment.offset, path: `${bucket}/${name}` });
    }
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
