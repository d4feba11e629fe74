import { BackendError, errorMessage } from "../../core/errors.ts";

/**
 * Answers the question for a password, of the ssh that jobq started, and no other: a host's key is for a person to
 * judge, a key's passphrase is another secret, and so is the password of a jump host, which another ssh asks for.
 * What `$JOBQ_ASKPASS_PID` holds is set by the shell that becomes this ssh.
 */
const SCRIPT = `#!/bin/sh
[ "$PPID" = "$JOBQ_ASKPASS_PID" ] || exit 1
case $1 in
  *"
"* | Enter\\ * | Retype\\ * | *[Nn]ew\\ *) exit 1 ;;
  *[Pp]assword: | *[Pp]assword:\\ | *[Pp]assword\\ for\\ *: | *[Pp]assword\\ for\\ *:\\ ) ;;
  *) exit 1 ;;
esac
printf '%s\\n' "$JOBQ_ASKPASS_ANSWER"
`;

/**
 * Hands a password to ssh, which takes none from its command line or its input: `SSH_ASKPASS` names a program that
 * prints it (https://man.openbsd.org/ssh#ENVIRONMENT).
 *
 * That has to be one executable file, which `deno run main.ts` is not; so it is a shell script in a directory of this
 * user alone, and there is one way for compiled and uncompiled programs. The password is not in it, but in the
 * environment of that one ssh, which other users cannot read.
 */
export class Askpass implements AsyncDisposable {
  readonly #directory: string;
  /** For the environment of ssh; holds the secret. */
  readonly env: Readonly<Record<string, string>>;

  private constructor(directory: string, password: string, display: string | undefined) {
    this.#directory = directory;
    this.env = {
      SSH_ASKPASS: `${directory}/askpass`,
      SSH_ASKPASS_REQUIRE: "force",
      // Before OpenSSH 8.4 no helper was asked without one.
      DISPLAY: display || ":",
      JOBQ_ASKPASS_ANSWER: password,
    };
  }

  /** @throws {BackendError} when the helper cannot be written */
  static async make(password: string, display: string | undefined): Promise<Askpass> {
    try {
      const directory = await Deno.makeTempDir({ prefix: "jobq-ssh-" });
      const askpass = new Askpass(directory, password, display);
      try {
        await Deno.writeTextFile(`${directory}/askpass`, SCRIPT, { mode: 0o700, createNew: true });
        return askpass;
      } catch (error) {
        await askpass[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      throw new BackendError(`Cannot hand the password to ssh: ${errorMessage(error)}`, {
        hint: "check the space in the temporary directory, or set TMPDIR to another",
        cause: error,
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }
}
