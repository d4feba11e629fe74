import type { TempDir } from "./temp_dir.ts";

/**
 * Writes the configuration of a server and of the client that knows it, whose keys and programs are in the directory.
 *
 * @param sshConfig stands before the rest, and so before all else: ssh takes the first value it finds
 */
export async function writeSshConfigs(
  directory: TempDir,
  port: number,
  { sshConfig, hasPassword }: { sshConfig: readonly string[]; hasPassword: boolean },
): Promise<void> {
  const path = directory.join("there");
  await Deno.writeTextFile(
    directory.join("sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${directory.join("host_key")}`,
      `PidFile ${directory.join("sshd.pid")}`,
      `AuthorizedKeysFile ${hasPassword ? "none" : directory.join("user_key.pub")}`,
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin yes",
      `PasswordAuthentication ${hasPassword ? "yes" : "no"}`,
      "KbdInteractiveAuthentication no",
      "MaxStartups 100",
      // Of all directives of this name, only the first counts. No start-up file of this user is read over there.
      `SetEnv PATH=${path}:/usr/local/bin:/usr/bin:/bin HOME=${directory.join("home")}`,
      "",
    ].join("\n"),
  );
  await Deno.writeTextFile(
    directory.join("ssh_config"),
    [
      ...sshConfig,
      "Host there",
      "  HostName 127.0.0.1",
      `  Port ${port}`,
      "Host *",
      `  IdentityFile ${directory.join("user_key")}`,
      "  IdentitiesOnly yes",
      "  IdentityAgent none",
      `  UserKnownHostsFile ${directory.join("known_hosts")}`,
      "  GlobalKnownHostsFile /dev/null",
      "  StrictHostKeyChecking yes",
      "",
    ].join("\n"),
  );
  const key = await Deno.readTextFile(directory.join("host_key.pub"));
  await Deno.writeTextFile(directory.join("known_hosts"), `[127.0.0.1]:${port} ${key}`);
}
