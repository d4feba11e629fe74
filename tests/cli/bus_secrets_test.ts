import { assert, assertEquals } from "../support/assert.ts";
import { runMain } from "../support/fake_io.ts";
import { test } from "../support/testing.ts";
import { BusQueue } from "./bus_queue.ts";

/** As long as a key, and none. */
const WRONG_KEY = btoa("wrong key! ".repeat(3).slice(0, 32));
const EXPIRED = "SharedAccessSignature sr=sb%3A%2F%2Flocalhost&se=1577836800&skn=name&" +
  "sig=c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmUtc2ln";

const keyOf = ({ broker }: BusQueue) => /SharedAccessKey=([^;]+)/.exec(broker.connectionString)?.[1] ?? "";

/** Fails when the text holds a key or a signature, or any longer part of one. */
function assertKeepsSecrets(text: string, queue: BusQueue): void {
  for (const secret of [keyOf(queue), WRONG_KEY, "c2lnbmF0dXJl", "hunter2"]) {
    assert(secret.length > 6 && !text.includes(secret.slice(0, 12)), `a secret stands in: ${text}`);
  }
}

const COMMANDS: readonly (readonly string[])[] = [
  ["push", "-e", "TOKEN=hunter2", "-c", "true", "-c", "exit 1", "-c", "true"],
  ["size", "--json"],
  ["peek"],
  ["peek", "--json", "-n", "-1"],
  ["pull"],
  ["worker", "--log-format", "json"],
  ["dead", "list", "--json"],
  ["dead", "requeue", "--all"],
  ["clear", "--yes"],
  ["dead", "purge", "--all", "--yes"],
  ["list"],
  ["run", "-c", "true"],
];

const WAYS: Readonly<Record<string, (queue: BusQueue) => readonly string[]>> = {
  "--conn-str": ({ broker }) => ["--conn-str", broker.connectionString],
  "a wrong key": (queue) => ["--conn-str", queue.broker.connectionString.replace(keyOf(queue), WRONG_KEY)],
  "an expired SAS": ({ broker }) => ["--sas", EXPIRED, "--endpoint", `http://${broker.host}`],
};
for (const [how, wordsOf] of Object.entries(WAYS)) {
  test(`no command on Service Bus shows a secret of ${how}, not even with -vv`, async () => {
    await using queue = await BusQueue.with();
    for (const command of COMMANDS) {
      const { stdout, stderr } = await runMain([...wordsOf(queue), queue.address, ...command, "-vv"]);
      assert(stdout + stderr !== "", command.join(" "));
      assertKeepsSecrets(stdout + stderr, queue);
    }
  });
}

/** Command lines that are wrong in a way that may tempt an error to quote them. */
const WRONG: Readonly<Record<string, (queue: BusQueue) => readonly string[]>> = {
  "a connection string without =": ({ broker }) => [
    "--conn-str",
    broker.connectionString.replaceAll("SharedAccessKey=", "SharedAccessKey"),
  ],
  "a key for a connection string": (queue) => ["--conn-str", keyOf(queue)],
  "a connection string without the key's name": ({ broker }) => [
    "--conn-str",
    broker.connectionString.replace(/SharedAccessKeyName=\w+;/, ""),
  ],
  "a connection string with an endpoint that is none": ({ broker }) => [
    "--conn-str",
    broker.connectionString.replace("Endpoint=sb:", "Endpoint=ftp:"),
  ],
  "a connection string twice": ({ broker }) => [
    "--conn-str",
    broker.connectionString,
    "--conn-str",
    broker.connectionString,
  ],
  "a connection string and a SAS": ({ broker }) => ["--conn-str", broker.connectionString, "--sas", EXPIRED],
  "a connection string for an endpoint": ({ broker }) => ["--endpoint", broker.connectionString],
  "an endpoint with a SAS": (
    { broker },
  ) => ["--sas", EXPIRED, "--endpoint", `https://${broker.host}/?${EXPIRED}`],
  "a connection string for a SAS": ({ broker }) => ["--sas", broker.connectionString],
};
for (const [what, wordsOf] of Object.entries(WRONG)) {
  test(`the error about ${what} of Service Bus shows no secret, not even with -vv`, async () => {
    await using queue = await BusQueue.place();
    const { code, stdout, stderr } = await runMain([queue.address, "peek", "-vv", ...wordsOf(queue)]);
    assertEquals([code, stdout], [2, ""], stderr);
    assertKeepsSecrets(stderr, queue);
  });
}

/** Command lines with a secret where a queue or a command is expected. */
const MISPLACED: Readonly<Record<string, (queue: BusQueue) => readonly string[]>> = {
  "a connection string before the command": ({ broker }) => [broker.connectionString, "size"],
  "a connection string for a queue": ({ broker }) => ["size", "-q", broker.connectionString],
  "the rest of a connection string for a queue": ({ broker }) => [
    "size",
    "-q",
    broker.connectionString.replace("Endpoint=", ""),
  ],
  "a connection string for a command": ({ address, broker }) => [address, broker.connectionString],
  "a SAS after a command": ({ address }) => [address, "size", EXPIRED],
  "a key in the address": (queue) => [`sb://name:${keyOf(queue)}@${queue.broker.host}/q`, "size"],
};
for (const [what, wordsOf] of Object.entries(MISPLACED)) {
  test(`the error about ${what} of Service Bus shows no secret`, async () => {
    await using queue = await BusQueue.place();
    const { code, stdout, stderr } = await runMain([...wordsOf(queue), "-vv"]);
    assertEquals([code, stdout], [2, ""], stderr);
    assertKeepsSecrets(stderr, queue);
  });
}
