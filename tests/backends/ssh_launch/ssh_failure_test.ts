import { explainSshEnd } from "../../../src/backends/ssh/ssh_failure.ts";
import { AccessDeniedError, BackendError } from "../../../src/core/errors.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const OPTIONS = {
  name: "ssh://ann@login:2222/q",
  host: { host: "login", port: 2222, user: "ann" },
  program: "jobq",
  hasPassword: false,
} as const;

/** What ssh says, and what is made of it. */
const UNREACHABLE: Readonly<Record<string, RegExp>> = {
  "ssh: Could not resolve hostname login: Name or service not known": /its host's name cannot be resolved \(/,
  "ssh: connect to host login port 22: Connection refused": /the host refuses the connection \(/,
  "ssh: connect to host login port 22: Connection timed out": /the host does not answer \(/,
  "Connection timed out during banner exchange": /the host does not answer \(/,
  "Timeout, server login not responding.": /the host does not answer \(/,
  "ssh: connect to host login port 22: No route to host": /there is no way to the host \(/,
  "kex_exchange_identification: Connection closed by remote host": /the connection was closed \(/,
  "Connection reset by 10.0.0.1 port 22": /the connection was closed \(/,
  "client_loop: send disconnect: Broken pipe": /the connection was closed \(/,
  "no such thing": /ssh failed \(no such thing\)/,
};
for (const [said, reason] of Object.entries(UNREACHABLE)) {
  test(`"${said}" makes a fault of the backend that may pass, which says so`, () => {
    const error = explainSshEnd({ code: 255, stderr: `a banner\n${said}\n` }, OPTIONS);
    assert(error instanceof BackendError);
    assertEquals([error.exitCode, error.transient], [5, true]);
    assertMatch(error.message, /^Cannot reach "ssh:\/\/ann@login:2222\/q": /);
    assertMatch(error.message, reason);
    assert(error.message.endsWith(`(${said})`) && error.hint !== undefined, error.message);
  });
}

const DENIED: Readonly<Record<string, readonly [message: RegExp, hint: RegExp]>> = {
  "ann@login: Permission denied (publickey,password).": [
    /the login was refused$/,
    /ssh-copy-id -p 2222 ann@login/,
  ],
  "Received disconnect from ::1 port 22:2: Too many authentication failures": [
    /the login was refused$/,
    /a key/,
  ],
  "No ED25519 host key is known for login.\nHost key verification failed.": [
    /the host's key is not known$/,
    /^connect once by hand and compare the key: ssh -p 2222 ann@login$/,
  ],
  "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nAdd correct host key\nHost key verification failed.":
    [
      /the host's key is not the one that is known$/,
      /ssh-keygen -R '\[login\]:2222', and connect once by hand: ssh -p 2222 ann@login$/,
    ],
  // What follows the warning, when a password would have been used.
  "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nann@login: Permission denied (publickey,password).":
    [
      /the host's key is not the one that is known$/,
      /ssh-keygen -R/,
    ],
};
for (const [said, [message, hint]] of Object.entries(DENIED)) {
  test(`"${said.replaceAll("\n", " ")}" means that access is denied`, () => {
    const error = explainSshEnd({ code: 255, stderr: said }, OPTIONS);
    assert(error instanceof AccessDeniedError);
    assertEquals(error.exitCode, 4);
    assertMatch(error.message, message);
    assertMatch(error.hint ?? "", hint);
  });
}

test("what the other side says of permissions before a connection breaks is no refused login", () => {
  const stderr =
    "cannot open x: Permission denied (os error 13)\nclient_loop: send disconnect: Broken pipe\n";
  const error = explainSshEnd({ code: 255, stderr }, OPTIONS);
  assert(error instanceof BackendError && error.transient, error.message);
});

test("a login that is refused in spite of a password says so", () => {
  const stderr = "ann@login: Permission denied (publickey,password).\n";
  const { message, hint } = explainSshEnd({ code: 255, stderr }, { ...OPTIONS, hasPassword: true });
  assertMatch(message, /the login was refused, with the password too$/);
  assertMatch(hint ?? "", /^check the user and the password/);
});

test("127 means that jobq is not there, and it is said how it gets there", () => {
  const error = explainSshEnd({ code: 127, stderr: "bash: line 1: jobq: command not found\n" }, OPTIONS);
  assertEquals([error.exitCode, error instanceof BackendError && error.transient], [5, false]);
  assertEquals(error.message, `Cannot reach "ssh://ann@login:2222/q": "jobq" was not found on login`);
  assertMatch(
    error.hint ?? "",
    /scp -P 2222 "\$\(command -v jobq\)" ann@login:, then --remote-jobq '~\/jobq'/,
  );
});

test("an IPv6 address stands in brackets where a file is copied to it", () => {
  const { hint = "" } = explainSshEnd({ code: 127, stderr: "" }, { ...OPTIONS, host: { host: "::1" } });
  assertMatch(hint, /scp "\$\(command -v jobq\)" '\[::1\]':, then/);
});

test("126 means that what is there cannot be executed", () => {
  const error = explainSshEnd({ code: 126, stderr: "bash: line 1: jobq: Permission denied\n" }, OPTIONS);
  assertEquals(error.exitCode, 5);
  assertMatch(error.message, /"jobq" cannot be executed on login$/);
  assertMatch(error.hint ?? "", /chmod \+x/);
});

test("another exit code is that of the jobq over there, whose own words are told", () => {
  const stderr =
    'error: Cannot run "serve": there is no such command\nhint: jobq --help lists the commands\n';
  const error = explainSshEnd({ code: 2, stderr }, OPTIONS);
  assertEquals(
    error.message,
    `Cannot reach "ssh://ann@login:2222/q": "jobq" ended on login with exit code 2: ` +
      `Cannot run "serve": there is no such command`,
  );
  assertMatch(error.hint ?? "", /version of this one: ssh -p 2222 ann@login jobq --version$/);
});

test("an ssh that was killed may be tried again", () => {
  const error = explainSshEnd({ code: undefined, stderr: "" }, OPTIONS);
  assert(error instanceof BackendError && error.transient);
  assertEquals(error.message, `Cannot reach "ssh://ann@login:2222/q": ssh failed`);
});
