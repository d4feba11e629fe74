import { type Address, formatAddress, parseAddress, redactAddress } from "../../src/backends/address.ts";
import { UsageError } from "../../src/core/errors.ts";
import { assert, assertEquals, assertMatch, assertThrows } from "../support/assert.ts";
import { test } from "../support/testing.ts";

const environment = (values: Record<string, string>) => (name: string) => values[name];
const env = environment({ HOME: "/home/ann" });

const sqlite = (path: string, queue = "default"): Address => ({
  kind: "sqlite",
  path,
  queue,
  isDefault: false,
});
const directory = (path: string): Address => ({ kind: "directory", path });
const bus = (namespace: string, queue: string): Address => ({ kind: "service-bus", namespace, queue });

const FORMS: Readonly<Record<string, Address>> = {
  "jobs.db": sqlite("jobs.db"),
  "./jobs.sqlite": sqlite("./jobs.sqlite"),
  "/x/jobs.sqlite3": sqlite("/x/jobs.sqlite3"),
  "/x/jobs.db": sqlite("/x/jobs.db"),
  "../jobs.db": sqlite("../jobs.db"),
  "~/jobs.db": sqlite("/home/ann/jobs.db"),
  "jobs.db#gpu": sqlite("jobs.db", "gpu"),
  "/x/jobs.db#gpu-a.b_c": sqlite("/x/jobs.db", "gpu-a.b_c"),
  "sqlite:queue": sqlite("queue"),
  "sqlite:/x/queue": sqlite("/x/queue"),
  "sqlite:~/queue": sqlite("/home/ann/queue"),
  "sqlite:queue#gpu": sqlite("queue", "gpu"),
  "sqlite:jobs.db": sqlite("jobs.db"),
  "a b/ü.db": sqlite("a b/ü.db"),
  "file:queue": directory("queue"),
  "file:/x/queue": directory("/x/queue"),
  "file:/x/jobs.db": directory("/x/jobs.db"),
  "file:~/queue": directory("/home/ann/queue"),
  "/x/queue": directory("/x/queue"),
  "./queue": directory("./queue"),
  "../queue": directory("../queue"),
  ".": directory("."),
  "..": directory(".."),
  "~": directory("/home/ann"),
  "~/queue": directory("/home/ann/queue"),
  "sb://fleet/gpu-jobs": bus("fleet", "gpu-jobs"),
  "sb://fleet/jobs.db": bus("fleet", "jobs.db"),
  "sb://fleet/team/gpu_jobs-1.a": bus("fleet", "team/gpu_jobs-1.a"),
  "sb://My-Fleet-7/Jobs": bus("My-Fleet-7", "Jobs"),
  "sb://fleet.servicebus.windows.net/jobs": bus("fleet.servicebus.windows.net", "jobs"),
  "sb://localhost/jobs": bus("localhost", "jobs"),
  "sb://localhost:5672/jobs": bus("localhost:5672", "jobs"),
  "sb://127.0.0.1:5672/team/jobs": bus("127.0.0.1:5672", "team/jobs"),
  [`sb://n/${"q".repeat(260)}`]: bus("n", "q".repeat(260)),
  "myaccount/my-queue": { kind: "storage-queue", account: "myaccount", queue: "my-queue" },
  "abc/q-1": { kind: "storage-queue", account: "abc", queue: "q-1" },
  [`${"a".repeat(24)}/${"q".repeat(63)}`]: {
    kind: "storage-queue",
    account: "a".repeat(24),
    queue: "q".repeat(63),
  },
};

for (const [text, address] of Object.entries(FORMS)) {
  test(`parseAddress() reads ${text}`, () => assertEquals(parseAddress(text, env), address));

  test(`formatAddress() writes ${text} so that it is read the same`, () => {
    assertEquals(parseAddress(formatAddress(address), env), address);
  });
}

test("formatAddress() keeps a # that is part of the file's name", () => {
  const address = sqlite("/x/a#b.db");
  assertEquals(parseAddress(formatAddress(address), env), address);
});

test("without a text it is the default queue below HOME", () => {
  assertEquals(parseAddress(undefined, env), {
    kind: "sqlite",
    path: "/home/ann/.local/state/jobq/jobs.db",
    queue: "default",
    isDefault: true,
  });
});

test("the default queue is below XDG_STATE_HOME where that is set", () => {
  const address = parseAddress(undefined, environment({ HOME: "/home/ann", XDG_STATE_HOME: "/state" }));
  assertEquals(address.kind === "sqlite" && address.path, "/state/jobq/jobs.db");
});

test("the default queue does not need HOME where XDG_STATE_HOME is set", () => {
  const address = parseAddress(undefined, environment({ XDG_STATE_HOME: "/state" }));
  assertEquals(address.kind === "sqlite" && address.path, "/state/jobq/jobs.db");
});

test("an empty XDG_STATE_HOME counts as unset", () => {
  const address = parseAddress(undefined, environment({ HOME: "/home/ann", XDG_STATE_HOME: "" }));
  assertEquals(address.kind === "sqlite" && address.path, "/home/ann/.local/state/jobq/jobs.db");
});

for (const text of [undefined, "~/jobs.db", "~"]) {
  test(`without HOME, ${text ?? "the default queue"} is a UsageError that says so`, () => {
    const error = assertThrows(() => parseAddress(text, environment({})), UsageError);
    assert(error.message.includes("HOME"));
  });
}

const BAD = [
  "",
  "  ",
  "jobs",
  "account/queue/more",
  "account:queue",
  "sqlite:",
  "sqlite:#x",
  "jobs.db#",
  "jobs.db#a/b",
  "jobs.db#-a",
  `jobs.db#${"x".repeat(65)}`,
  "jobs\0.db",
  "file:",
  "ssh://",
  "ssh://host",
  "ssh://host/",
  "ssh:///path",
  "sb:namespace/queue",
  "http://host/queue",
];

for (const text of BAD) {
  test(`parseAddress() refuses ${JSON.stringify(text.slice(0, 30))} and tells the forms`, () => {
    const error = assertThrows(() => parseAddress(text, env), UsageError);
    assert(error.hint?.includes("ACCOUNT/QUEUE"));
  });
}

const STORAGE: Readonly<Record<string, string>> = {
  "Account/queue": "its account has upper-case letters",
  "my_account/queue": "its account has other characters than letters and digits",
  "ab/queue": "its account is shorter than 3 characters",
  [`${"a".repeat(25)}/queue`]: "its account is longer than 24 characters",
  "account/": "its queue's name is missing",
  "account/q": "its queue's name is shorter than 3 characters",
  [`account/${"q".repeat(64)}`]: "its queue's name is longer than 63 characters",
  "account/My-Queue": "its queue's name has upper-case letters",
  "account/my_queue": "its queue's name has other characters than letters, digits and hyphens",
  "account/my queue": "its queue's name has other characters than letters, digits and hyphens",
  "account/two--hyphens": "its queue's name has two hyphens in a row",
  "account/-hyphen": "its queue's name begins or ends with a hyphen",
  "account/hyphen-": "its queue's name begins or ends with a hyphen",
};

for (const [text, reason] of Object.entries(STORAGE)) {
  test(`parseAddress() says of ${text.slice(0, 40)} that ${reason}, and how names look`, () => {
    const { message, hint = "" } = assertThrows(() => parseAddress(text, env), UsageError);
    assertEquals(message, `Cannot use "${text}" as a queue: ${reason}`);
    assertMatch(hint, /ACCOUNT\/QUEUE.*3 to 24.*3 to 63.*hyphens/);
  });
}

const SERVICE_BUS: Readonly<Record<string, string>> = {
  "sb://": "its namespace is missing",
  "sb:///": "its namespace is missing",
  "sb:///queue": "its namespace is missing",
  "sb://:5672/queue": "its namespace is missing",
  "sb://namespace": "its queue's name is missing",
  "sb://namespace/": "its queue's name is missing",
  "sb://localhost:5672": "its queue's name is missing",
  "sb://name space/queue": "its namespace is neither a name nor a host with or without a port",
  "sb://-name/queue": "its namespace is neither a name nor a host with or without a port",
  "sb://name_space/queue": "its namespace is neither a name nor a host with or without a port",
  "sb://localhost:65536/queue": "its namespace has a port beyond 65535",
  "sb://namespace//queue": "its queue's name has a slash at an end, or two in a row",
  "sb://namespace/queue/": "its queue's name has a slash at an end, or two in a row",
  "sb://namespace/team//queue": "its queue's name has a slash at an end, or two in a row",
  "sb://namespace/a queue":
    "its queue's name has other characters than letters, digits, dots, hyphens, underscores and slashes",
  "sb://namespace/queue#1":
    "its queue's name has other characters than letters, digits, dots, hyphens, underscores and slashes",
  "sb://namespace/queue/$DeadLetterQueue":
    "it is a queue's dead letters, which jobq dead shows under the queue's own address",
  [`sb://n/${"q".repeat(261)}`]: "its queue's name is longer than 260 characters",
};

for (const [text, reason] of Object.entries(SERVICE_BUS)) {
  test(`parseAddress() says of ${text.slice(0, 40)} that ${reason.slice(0, 60)}, and how such addresses look`, () => {
    const { message, hint = "" } = assertThrows(() => parseAddress(text, env), UsageError);
    assertEquals(message, `Cannot use "${text}" as a queue: ${reason}`);
    assertMatch(hint, /^write it like sb:\/\/my-namespace\/my-queue; .*:PORT.* 260 /);
  });
}

const WITH_KEYS: Readonly<Record<string, string>> = {
  "sb://RootManageSharedAccessKey:s3cret=@fleet/jobs": "sb://***@fleet/jobs",
  "sb://name:s3/cret+s3cret=@fleet/jobs": "sb://***@fleet/jobs",
  "sb://name:7/s3cret@fleet/jobs": "sb://***@fleet/jobs",
  "sb://name:s3@cret@fleet/jobs": "sb://***@fleet/jobs",
  "sb://name:s3 cret@fleet/jobs": "sb://***@fleet/jobs",
  "sb://s3cret@fleet/jobs": "sb://***@fleet/jobs",
  "sb://s3cret@fleet": "sb://***@fleet",
};

for (const [text, shown] of Object.entries(WITH_KEYS)) {
  test(`parseAddress() refuses the key in ${text}, says where keys go, and does not show it`, () => {
    const { message, hint = "" } = assertThrows(() => parseAddress(text, env), UsageError);
    assertEquals(message, `Cannot use "${shown}" as a queue: it holds more than a namespace and a queue`);
    assertMatch(hint, /^keys go into --conn-str or --sas, or better into \$JOBQ_CONNECTION_STRING; /);
  });
}

test("parseAddress() does not show what stands for a port and is none", () => {
  const { message } = assertThrows(() => parseAddress("sb://name:s3cret=/jobs", env), UsageError);
  assertMatch(message, /^Cannot use "sb:\/\/name:\*\*\*\/jobs" as a queue: its namespace is neither/);
});

const CONNECTION_STRINGS = [
  "sb://x/;SharedAccessKeyName=n;SharedAccessKey=s3cret=",
  "AccountName=account;AccountKey=s3cret/s3cret==;EndpointSuffix=core.windows.net",
  "BlobEndpoint=https://x.y;SharedAccessSignature=sv=1&sig=s3cret",
  "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=s3cret=",
  "UseDevelopmentStorage=true",
];

for (const text of CONNECTION_STRINGS) {
  test(`parseAddress() says of ${text.slice(0, 24)}… that it is a connection string, and shows no secret`, () => {
    const { message, hint = "" } = assertThrows(() => parseAddress(text, env), UsageError);
    assertMatch(message, /as a queue: it is a connection string$/);
    assertMatch(hint, /^give that with --conn-str; .*ACCOUNT\/QUEUE/);
    assert(!message.includes("s3cret"), message);
  });
}

const SECRETS: Readonly<Record<string, string>> = {
  "ssh://ann:s3cret@host/queue": "ssh://ann:***@host/queue",
  "https://x.queue.core.windows.net/q?sv=1&sig=s3cret%3D&se=2":
    "https://x.queue.core.windows.net/q?sv=1&sig=***&se=2",
  "AccountName=x;AccountKey=s3cret==;EndpointSuffix=y": "AccountName=x;AccountKey=***;EndpointSuffix=y",
  "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=s3cret=":
    "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=***",
  "sharedaccesssignature=s3cret": "sharedaccesssignature=***",
  "no sb://name:s3cret@fleet/jobs here": "no sb://***@fleet/jobs here",
  "no sb://name:s3cret/jobs here": "no sb://name:***/jobs here",
  [`${"s3/cret+".repeat(10)}AbCdEf==`]: "***",
};

for (const [text, redacted] of Object.entries(SECRETS)) {
  test(`redactAddress() writes ${redacted}`, () => assertEquals(redactAddress(text), redacted));
}

test("redactAddress() hides a password with an @ or a / in it", () => {
  for (const password of ["s3@cret", "s3/cret", "s3:cret"]) {
    assert(!/s3|cret/.test(redactAddress(`ssh://ann:${password}@host/queue`)), password);
  }
});

test("redactAddress() leaves an address without secrets alone", () => {
  const texts = [
    "ssh://ann@host:22/a@b",
    "jobs.db#gpu",
    "myaccount/my-queue",
    "sb://localhost:5672/jobs",
    "cannot reach sb://localhost:5672.",
  ];
  for (const text of texts) {
    assertEquals(redactAddress(text), text);
  }
});

test("parseAddress() shows no secret of a bad address", () => {
  const error = assertThrows(() => parseAddress("AccountKey=s3cret==;x", env), UsageError);
  assert(!`${error.message} ${error.hint}`.includes("s3cret"));
});

test("formatAddress() shows no password", () => {
  assertEquals(
    formatAddress(parseAddress("ssh://ann:s3cret@host/queue", env)),
    "ssh://ann@host/queue",
  );
});
