import type { JobqError } from "../../core/errors.ts";

/** A request was not answered because the connection ended. */
export class LostCall extends Error {
  override readonly cause: JobqError;
  /** It may have been done. */
  readonly wasSent: boolean;
  /** On a new connection it may be answered. */
  readonly mayPass: boolean;

  constructor({ cause, mayPass }: End, wasSent: boolean) {
    super(cause.message);
    this.name = new.target.name;
    this.cause = cause;
    this.mayPass = mayPass;
    this.wasSent = wasSent;
  }
}

/** Why a connection ended. */
export interface End {
  readonly cause: JobqError;
  readonly mayPass: boolean;
}
