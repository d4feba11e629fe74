import { AccessDeniedError, BackendError, errorMessage, JobqError } from "../../core/errors.ts";
import { failedCall } from "./failed_call.ts";
import { errorCodeOf, translateStorageError } from "./storage_errors.ts";

/** What was done where, for the sentence. */
export interface SyncAction {
  /** "copy "a/b" to" */
  readonly action: string;
  /** The destination's name. */
  readonly destination: string;
}

/** The error to raise for what a call of the blob service's SDK threw. */
export function translateBlobError(thrown: unknown, { action, destination }: SyncAction): Error {
  if (thrown instanceof JobqError) return thrown;
  const refuse = (reason: string, options: { hint?: string; transient?: boolean } = {}) =>
    new BackendError(`Cannot ${action} "${destination}": ${reason}`, {
      ...options,
      cause: failedCall(thrown),
    });
  switch (errorCodeOf(thrown)) {
    case "ContainerNotFound":
      return refuse("there is no such container", {
        hint: "create it (az storage container create), or push with --bg-dirsync-create",
      });
    case "ContainerBeingDeleted":
      return refuse("its container is being deleted", {
        hint: "a container's name is free again after about 30 seconds",
        transient: true,
      });
    case "InvalidResourceName":
    case "InvalidUri":
    case "OutOfRangeInput":
      return refuse("the service does not take the name");
    default:
      return translateStorageError(thrown, { action, name: destination, service: "blob" });
  }
}

/** The error for a file that somebody writes to: what was read may be neither what it was nor what it is. */
export function changedFile({ action, destination }: SyncAction): BackendError {
  return new BackendError(`Cannot ${action} "${destination}": the file changed while it was read`, {
    hint: "it can be copied when nobody writes to it; write to another name and rename, where that is rare",
    transient: true,
  });
}

/** The error to raise for what the copying of a file threw; what tells the whole of it passes through. */
export function translatePutError(thrown: unknown, { action, destination }: SyncAction): unknown {
  const text = (reason: string) => `Cannot ${action} "${destination}": ${reason}`;
  // The same request would fail again and again; the file's blocks have to be sent anew.
  if (errorCodeOf(thrown) === "InvalidBlockList") {
    return new BackendError(text("somebody else wrote a blob of that name at the same time"), {
      cause: failedCall(thrown),
      transient: true,
    });
  }
  if (thrown instanceof Deno.errors.NotFound) {
    return new BackendError(text("the file is not there any more"), { cause: thrown, transient: true });
  }
  if (thrown instanceof Deno.errors.PermissionDenied) {
    return new AccessDeniedError(text("the file may not be read"), {
      cause: thrown,
      hint: "look at its mode and owner; jobs run as the user that runs the worker",
    });
  }
  if (!(thrown instanceof Error && typeof (thrown as { code?: unknown }).code === "string")) return thrown;
  return new BackendError(text(`the file cannot be read: ${errorMessage(thrown)}`), { cause: thrown });
}
