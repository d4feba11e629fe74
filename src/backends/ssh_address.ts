/** Who and where the other side of a queue over SSH is. */
export interface SshHost {
  /** A name, an alias of `~/.ssh/config`, or an IP address without brackets. */
  readonly host: string;
  readonly port?: number;
  readonly user?: string;
  /** A secret. */
  readonly password?: string;
}

/** What `ssh://[USER[:PASSWORD]@]HOST[:PORT]/PATH` says. */
export interface SshUrl extends SshHost {
  /** Decoded: `/…`, or `~/…` for what is in the home directory there. */
  readonly path: string;
  /** The address as it was written, without the password. */
  readonly shown: string;
}

/**
 * What OpenSSH refuses in names, since they may end up in the command line of a ProxyCommand; besides, what would be
 * another part of the address.
 */
const NOT_IN_HOST = /[\s\p{Cc}'`"$\\;&<>|(){}[\]@,]/u;
const NOT_IN_USER = /[\p{Cc}'`";&<>|(){}]|\\$/u;
const MAX_PORT = 65_535;

/**
 * Takes `ssh://[USER[:PASSWORD]@]HOST[:PORT]/PATH` apart.
 *
 * @param fail makes the error that is thrown for a bad address, from what is wrong with it
 */
export function parseSshUrl(text: string, fail: (reason: string) => Error): SshUrl {
  const [, authority = "", rawPath = ""] = /^ssh:\/\/([^/]*)(.*)$/s.exec(text) ?? [];
  // A password may have an @, a host has none.
  const at = authority.lastIndexOf("@");
  const place = authority.slice(at + 1);
  const login = at < 0 ? undefined : authority.slice(0, at);
  if (place === "" || rawPath.length < 2) throw fail("it lacks a host or a path");
  const decode = (part: string, what: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw fail(`${what} has a % that stands for nothing; write %25 for the sign itself`);
    }
  };

  const [, name, bare = "", digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/s.exec(place) ?? [];
  const host = name === undefined ? bare : decode(name, "its host");
  if (host === "") throw fail("it lacks a host or a path");
  if (name === undefined ? NOT_IN_HOST.test(host) : !/^[0-9A-Fa-f:.]+(?:%[\w.-]+)?$/.test(host)) {
    throw fail("its host is neither a name nor an address");
  }
  // ssh would take it for an option.
  if (host.startsWith("-")) throw fail("its host begins with a hyphen");

  const [, rawUser = "", rawPassword = ""] = /^([^:]*):?(.*)$/s.exec(login ?? "") ?? [];
  const user = decode(rawUser, "its user");
  if (login !== undefined && user === "") throw fail("its user is missing");
  if (user.startsWith("-")) throw fail("its user begins with a hyphen");
  if (NOT_IN_USER.test(user)) throw fail("its user has characters that no user's name has");
  const password = decode(rawPassword, "its password");
  // It is handed over as a line, in the environment of a process.
  if (/[\0\r\n]/.test(password)) throw fail("its password has a line break or a NUL byte");

  const path = decode(rawPath, "its path");
  if (path.includes("\0")) throw fail("its path contains a NUL byte");
  return {
    host,
    port: digits === undefined ? undefined : parsePort(digits, fail),
    user: user || undefined,
    password: password || undefined,
    path: path === "/~" || path.startsWith("/~/") ? path.slice(1) : path,
    shown: `ssh://${login === undefined ? "" : `${rawUser}@`}${place}${rawPath}`,
  };
}

function parsePort(digits: string, fail: (reason: string) => Error): number {
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : 0;
  if (port >= 1 && port <= MAX_PORT) return port;
  throw fail(
    `its port is not a number from 1 to ${MAX_PORT} (in a password, write %2F for a slash and %40 for an @)`,
  );
}
