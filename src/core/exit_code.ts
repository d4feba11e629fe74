/** What the process answers to the shell. The README holds the same table. */
export const EXIT = {
  /** Done, or nothing to do. */
  ok: 0,
  /** A job failed, where reporting that is the command's purpose. */
  jobFailed: 1,
  /** Wrong usage or input. */
  usage: 2,
  /** The queue does not exist. */
  queueNotFound: 3,
  /** The queue exists, but may not be read or written. */
  accessDenied: 4,
  /** The queue cannot be reached, or is broken. */
  backend: 5,
  /** A worker stopped because of `--max-consecutive-failures`. */
  tooManyFailures: 6,
  /** `wait` or `run` gave up because its `--timeout` had passed, or the job its own; as timeout(1) answers. */
  timedOut: 124,
  /** Ended by SIGHUP, SIGINT, SIGTERM: 128 + the signal's number. */
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = typeof EXIT[keyof typeof EXIT];
