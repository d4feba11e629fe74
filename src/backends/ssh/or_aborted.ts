import { onAbort } from "../../core/abort.ts";

/** Waits for something that goes on without the caller. @throws the reason of the signal, at once */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise;
  const given = Promise.withResolvers<never>();
  using _ = onAbort(signal, () => given.reject(signal.reason));
  promise.catch(() => {});
  return await Promise.race([promise, given.promise]);
}
