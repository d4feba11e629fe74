import { AccessDeniedError, BackendError, type JobqError } from "../../core/errors.ts";
import { quoteWords } from "../../core/shell_words.ts";
import type { SshHost } from "../ssh_address.ts";

/** How an ssh that was to connect two jobqs ended. */
export interface SshEnd {
  /** What it answered; undefined when a signal ended it, or it still runs. */
  readonly code: number | undefined;
  /** The last of what it, and the jobq on the other side, wrote to standard error. */
  readonly stderr: string;
}

export interface SshFailureOptions {
  /** The queue's address, without secrets. */
  readonly name: string;
  readonly host: Omit<SshHost, "password">;
  /** The program that was to be started over there. */
  readonly program: string;
  /** A password was at hand. */
  readonly hasPassword: boolean;
}

/** What ssh itself answers when it fails; anything else is the other side's. See EXIT STATUS of ssh(1). */
const SSH_FAILED = 255;
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/** As ssh says it, and nobody on the other side. */
const LOGIN_REFUSED =
  /^(?:\S+: )?Permission denied \([\w,-]+\)\.$|^Received disconnect from .*Too many authentication failures/m;

/** What is wrong by what ssh says of it; the first that fits. */
const UNREACHABLE: readonly (readonly [said: RegExp, reason: string, hint: string])[] = [
  [
    /Could not resolve hostname/i,
    "its host's name cannot be resolved",
    "check the name, and Host in ~/.ssh/config if it is an alias from there",
  ],
  [
    /Connection refused/i,
    "the host refuses the connection",
    "check the port, and whether an SSH server runs there",
  ],
  [
    /timed out|Timeout, server .* not responding/i,
    "the host does not answer",
    "check the host and the port; a firewall or a missing VPN makes hosts silent",
  ],
  [
    /No route to host|Network is unreachable/i,
    "there is no way to the host",
    "check the network, or the VPN, and the host's address",
  ],
  [
    /Connection (?:closed|reset) by|kex_exchange_identification|Broken pipe|client_loop:|Connection to .* closed/i,
    "the connection was closed",
    "try again; ssh -v to the same host tells more",
  ],
];

/** What the end of an ssh means for somebody who wanted to use a queue over it. */
export function explainSshEnd({ code, stderr }: SshEnd, options: SshFailureOptions): JobqError {
  const { name, host, program } = options;
  const cannot = `Cannot reach "${name}"`;
  if (code === NOT_FOUND) {
    const copy = `scp ${quoteWords(host.port === undefined ? [] : ["-P", String(host.port)])}`.trimEnd();
    return new BackendError(`${cannot}: "${program}" was not found on ${host.host}`, {
      hint: `copy jobq there and name it: ${copy} "$(command -v jobq)" ${
        quoteWords([loginOf({ ...host, host: host.host.includes(":") ? `[${host.host}]` : host.host })])
      }:, then --remote-jobq '~/jobq'`,
    });
  }
  if (code === NOT_EXECUTABLE) {
    return new BackendError(`${cannot}: "${program}" cannot be executed on ${host.host}`, {
      hint:
        "make it executable (chmod +x), and check that it is the jobq for that system; --remote-jobq names another",
    });
  }
  if (code === SSH_FAILED || code === undefined) return explainSsh(stderr, cannot, options);
  const said = /^error: (.*)$/m.exec(stderr)?.[1] ?? lastLine(stderr);
  return new BackendError(
    `${cannot}: "${program}" ended on ${host.host} with exit code ${code}${said && `: ${said}`}`,
    {
      transient: code === 0,
      hint: `check that the jobq there has the version of this one: ${sshTo(host, program, "--version")}`,
    },
  );
}

function explainSsh(stderr: string, cannot: string, { host, hasPassword }: SshFailureOptions): JobqError {
  if (/ssh_askpass: exec/.test(stderr)) {
    return new BackendError(`${cannot}: the password cannot be handed to ssh (${lastLine(stderr)})`, {
      hint: "set TMPDIR to a directory on which programs may be executed, or use a key",
    });
  }
  // It comes before the login, and is followed by lines that would be taken for something else.
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/.test(stderr)) {
    const isNew = !/IDENTIFICATION HAS CHANGED/.test(stderr);
    const known = host.port === undefined ? host.host : `[${host.host}]:${host.port}`;
    return new AccessDeniedError(
      `${cannot}: the host's key is ${isNew ? "not known" : "not the one that is known"}`,
      {
        hint: isNew
          ? `connect once by hand and compare the key: ${sshTo(host)}`
          : `if the host was set up anew, remove its old key, ssh-keygen -R ${
            quoteWords([known])
          }, and connect once by hand: ${sshTo(host)}`,
      },
    );
  }
  if (LOGIN_REFUSED.test(stderr)) {
    const copy = sshTo(host).replace(/^ssh/, "ssh-copy-id");
    return new AccessDeniedError(
      `${cannot}: the login was refused${hasPassword ? ", with the password too" : ""}`,
      {
        hint: hasPassword
          ? `check the user and the password; or use a key: ${copy}`
          : `check the user; a key that is allowed there is needed: ssh-keygen, ${copy}, and ssh-add if it has a passphrase`,
      },
    );
  }
  const known = UNREACHABLE.find(([said]) => said.test(stderr));
  const [, reason = "ssh failed", hint = `${sshTo(host)} tells more`] = known ?? [];
  const said = lastLine(stderr);
  return new BackendError(`${cannot}: ${reason}${said && ` (${said})`}`, { transient: true, hint });
}

/** What one would type to get there by hand. */
function sshTo(host: SshFailureOptions["host"], ...words: readonly string[]): string {
  const port = host.port === undefined ? [] : ["-p", String(host.port)];
  return quoteWords(["ssh", ...port, loginOf(host), ...words]);
}

function loginOf({ host, user }: SshFailureOptions["host"]): string {
  return user === undefined ? host : `${user}@${host}`;
}

/** The line that tells most; "" when there is none. */
function lastLine(stderr: string): string {
  return stderr.split("\n").map((text) => text.trim()).filter((text) => text !== "").at(-1) ?? "";
}
