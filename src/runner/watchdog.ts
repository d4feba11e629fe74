import type { Logger } from "../log/logger.ts";
import type { Programs } from "./programs.ts";

/**
 * Reads what the worker announces, one line each, and answers a line to each signal request. When the pipe
 * closes without `quit`, the worker is dead: everything that it left is ended, politely for one second.
 * The search through the environments finds what was started in the last instant, before it was announced.
 *
 * $1 is the worker's id, $2 its directory of temporary files.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM
zombies() {
  [ -r /proc/self/stat ] || return 1
  for file in /proc/[0-9]*/stat; do
    { read -r line < "$file"; } 2>/dev/null || continue
    set -- "$1" \${line##*) }
    [ "$4" != "$1" ] || [ "$2" = Z ] || [ "$2" = X ] || return 1
  done
}
groups=' '
while read -r verb group; do
  case $verb in
    add) groups="$groups$group " ;;
    remove) groups="\${groups%% $group *} \${groups#* $group }" ;;
    zombies) if zombies "$group"; then echo zombies; else echo alive; fi ;;
    quit) exit 0 ;;
    *) if kill -s "$verb" -- "-$group" 2>/dev/null; then echo alive; else echo gone; fi ;;
  esac
done
end() {
  for group in $groups; do kill -s "$1" -- "-$group"; done
  for file in $(grep -lsazxF "JOBQ_WORKER_ID=$2" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    pid=\${pid%/environ}
    kill -s "$1" -- "$pid" "-$pid"
  done
}
exec 2>/dev/null
end TERM "$1"
sleep 1
end KILL "$1"
rm -rf -- "$2"
sleep 1
end KILL "$1"
`;

export interface WatchdogOptions {
  readonly programs: Programs;
  readonly workerId: string;
  /** Removed with the worker. */
  readonly directory: string;
  /** Where the script finds grep, sleep and rm. */
  readonly path: string;
  readonly log: Logger;
}

/**
 * How long the start and end of a group may wait to be announced, in ms. Short jobs then cost nothing here; if
 * the worker dies in between, the search through the environments finds the group by its first process.
 */
const ANNOUNCE_MS = 50;

/** `alive`, `gone` or `zombies`; undefined when the watchdog died before it answered. */
type Answer = string | undefined;

/** What can be sent to a group; `0` only asks whether it is alive. */
export type GroupSignal = "TERM" | "KILL" | "0";

/**
 * A small shell process per worker that outlives it by moments: it knows the process groups of the running
 * jobs and kills them when the worker dies without being able to. It lives in its own session, so that
 * nothing that ends the worker's group ends it too.
 */
export class Watchdog implements AsyncDisposable {
  readonly #options: WatchdogOptions;
  readonly #groups = new Set<number>();
  readonly #encoder = new TextEncoder();
  readonly #answers: ((answer: Answer) => void)[] = [];
  #child: Deno.ChildProcess;
  #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #unannounced = new Set<number>();
  readonly #removed = new Set<number>();
  #flushTimer: ReturnType<typeof setTimeout> | undefined;
  #closing = false;
  #ended: Promise<void>;

  private constructor(options: WatchdogOptions) {
    this.#options = options;
    [this.#child, this.#writer] = this.#spawn();
    this.#ended = this.#watch();
  }

  static start(options: WatchdogOptions): Watchdog {
    return new Watchdog(options);
  }

  /** A job's group has started. */
  add(group: number): void {
    this.#groups.add(group);
    this.#unannounced.add(group);
    this.#flushTimer ??= setTimeout(() => this.#send(""), ANNOUNCE_MS);
  }

  /** A job's group has ended; its number may some day belong to somebody else. */
  remove(group: number): void {
    this.#groups.delete(group);
    if (this.#unannounced.delete(group)) return;
    this.#removed.add(group);
    this.#flushTimer ??= setTimeout(() => this.#send(""), ANNOUNCE_MS);
  }

  /** Has the watchdog send the signal, where the worker itself may not. Answers whether the group was alive. */
  async signal(group: number, signal: GroupSignal): Promise<boolean> {
    return await this.#ask(`${signal} ${group}\n`) === "alive";
  }

  async #ask(question: string): Promise<Answer> {
    for (;;) {
      const answer = new Promise<Answer>((resolve) => this.#answers.push(resolve));
      this.#send(question);
      // Without an answer the watchdog died over it; its successor is asked again.
      const text = await answer;
      if (text !== undefined || this.#closing) return text;
    }
  }

  /**
   * Whether all that is left of a group has exited and waits to be reaped. In a container whose first process reaps nobody
   * that can last forever, and such a process answers to signals as if it lived. A process with limited rights cannot look
   * for itself.
   */
  async onlyZombies(group: number): Promise<boolean> {
    return await this.#ask(`zombies ${group}\n`) === "zombies";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#send("quit\n");
    await this.#writer.close().catch(() => {});
    await this.#ended;
  }

  #spawn(): [Deno.ChildProcess, WritableStreamDefaultWriter<Uint8Array>] {
    const { programs, workerId, directory, path } = this.#options;
    const script = [programs.sh, "-c", SCRIPT, "jobq-watchdog", workerId, directory];
    const [file = programs.sh, ...args] = programs.setsid ? [programs.setsid, "--", ...script] : script;
    const child = new Deno.Command(file, {
      args,
      clearEnv: true,
      env: { PATH: `${path}:/usr/bin:/bin` },
      cwd: "/",
      detached: programs.setsid === undefined,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    return [child, child.stdin.getWriter()];
  }

  /** Keeps a watchdog alive, whoever ends it. */
  async #watch(): Promise<void> {
    for (;;) {
      await this.#readAnswers();
      await this.#child.status;
      if (this.#closing) return this.#answerAll();
      this.#options.log.warn("the watchdog process was ended by somebody; starting another");
      await this.#writer.abort().catch(() => {});
      [this.#child, this.#writer] = this.#spawn();
      for (const group of this.#groups) this.#unannounced.add(group);
      this.#removed.clear();
      this.#send("");
      this.#answerAll();
    }
  }

  #answerAll(): void {
    for (const resolve of this.#answers.splice(0)) resolve(undefined);
  }

  async #readAnswers(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#answers.shift()?.(line);
    }
  }

  #send(line: string): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    const lines = [...this.#removed].map((group) => `remove ${group}\n`)
      .concat([...this.#unannounced].map((group) => `add ${group}\n`), line).join("");
    this.#removed.clear();
    this.#unannounced.clear();
    if (lines === "") return;
    // A failed write means that the watchdog is gone, which #watch repairs.
    this.#writer.write(this.#encoder.encode(lines)).catch(() => {});
  }
}
