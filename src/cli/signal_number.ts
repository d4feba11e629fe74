/** The names of signals 1 to 31 on Linux (signal(7), x86 and ARM). */
const NAMES =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
    .split(" ");

/** The number of a signal by its name, as `SIGTERM`; undefined for one that is not known. */
export function signalNumber(name: string): number | undefined {
  const index = NAMES.indexOf(name.replace(/^SIG/, ""));
  return index < 0 ? undefined : index + 1;
}
