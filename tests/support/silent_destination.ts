import type { PutOptions, SyncDestination, SyncFile } from "../../src/core/sync_destination.ts";

/** A place to copy to that takes every file and never answers; it counts them. */
export class SilentDestination implements SyncDestination {
  readonly name = "a place that does not answer";
  puts = 0;

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  put(_: SyncFile, { signal }: PutOptions = {}): Promise<void> {
    this.puts++;
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  }

  makeDirectory(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
