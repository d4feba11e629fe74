/** What starts a program so that the modes of files hold for it: root otherwise passes them all. */
export const UNPRIVILEGED: readonly string[] = Deno.uid() === 0
  ? ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--"]
  : [];
