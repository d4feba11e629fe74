import { Askpass } from "../../../src/backends/ssh/askpass.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { test } from "../../support/testing.ts";

const PASSWORD = "s3cret \\n%s'\"$HOME";

/** What the helper answers to the ssh that asks; "ours" is the one for which it was made. */
async function ask(prompt: string, { isOurs = true } = {}): Promise<{ code: number; answer: string }> {
  await using askpass = await Askpass.make(PASSWORD, undefined);
  const { code, stdout } = await new Deno.Command("sh", {
    // The shell stands for ssh; more than one command, so that it stays and is the helper's parent.
    args: ["-c", `${isOurs ? "" : "x="}export JOBQ_ASKPASS_PID=$$; "$SSH_ASKPASS" "$0"; exit $?`, prompt],
    env: askpass.env,
  }).output();
  return { code, answer: new TextDecoder().decode(stdout) };
}

const PASSWORD_PROMPTS = [
  "ann@login's password: ",
  "(ann@login) Password: ",
  "Password:",
  "Password for ann@login:",
  "(ann@login) Password for ann@LOGIN: ",
];
for (const prompt of PASSWORD_PROMPTS) {
  test(`the helper answers ${JSON.stringify(prompt)} with the password, as it is`, async () => {
    assertEquals(await ask(prompt), { code: 0, answer: `${PASSWORD}\n` });
  });
}

const OTHER_PROMPTS = [
  "The authenticity of host 'login (::1)' can't be established.\nED25519 key fingerprint is SHA256:x.\n" +
  "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
  "The authenticity of host 'x' can't be established.\nIs it 'the right password: ",
  "Please type 'yes', 'no' or the fingerprint: ",
  "Enter passphrase for key '/home/ann/.ssh/id_ed25519': ",
  "Enter passphrase for key '/home/ann/password:': ",
  "Enter PIN for ED25519-SK key /home/ann/.ssh/id: ",
  "(ann@login) Verification code: ",
  "Enter ann@login's old password: ",
  "Enter ann@login's new password: ",
  "Retype ann@login's new password: ",
  "(ann@login) New password: ",
  "",
];
for (const prompt of OTHER_PROMPTS) {
  test(`the helper does not answer ${JSON.stringify(prompt)}`, async () => {
    assertEquals(await ask(prompt), { code: 1, answer: "" });
  });
}

test("the helper does not answer another ssh, such as that of a jump host", async () => {
  const { code, answer } = await ask("ann@jump's password: ", { isOurs: false });
  assertEquals([code, answer], [1, ""]);
});

test("the helper is this user's alone, holds no password, and is removed", async () => {
  const askpass = await Askpass.make(PASSWORD, undefined);
  const { SSH_ASKPASS: file = "" } = askpass.env;
  const directory = file.replace(/\/[^/]*$/, "");
  assertEquals(((await Deno.stat(directory)).mode ?? 0) & 0o777, 0o700);
  assert(!(await Deno.readTextFile(file)).includes("s3cret"));
  await askpass[Symbol.asyncDispose]();
  assertEquals(await Deno.stat(directory).catch((error) => error instanceof Deno.errors.NotFound), true);
});

test("ssh is told to ask the helper in every case, old ones by a display", async () => {
  await using askpass = await Askpass.make(PASSWORD, undefined);
  await using onDisplay = await Askpass.make(PASSWORD, ":7");
  assertEquals(askpass.env.SSH_ASKPASS_REQUIRE, "force");
  assertEquals([askpass.env.DISPLAY, onDisplay.env.DISPLAY], [":", ":7"]);
});
