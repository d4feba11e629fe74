import type { JobOutput, OutputTail, StreamName } from "./output.ts";

/** Carries one stream of a job to its output until the end, whatever is in it. */
export class Pump {
  readonly done: Promise<void>;
  ended = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(
    stream: ReadableStream<Uint8Array>,
    name: StreamName,
    { tail, output }: { tail: OutputTail; output: JobOutput },
  ) {
    const reader = stream.getReader();
    this.#reader = reader;
    const carry = async () => {
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        tail.push(chunk.value);
        await output.write(name, chunk.value);
      }
    };
    this.done = carry().catch(() => {}).finally(() => this.ended = true);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
