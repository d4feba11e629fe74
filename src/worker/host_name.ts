/** This machine's name, for people; "unknown" where this process may not learn it. Nobody is asked for the right. */
export function hostName(): string {
  const isGranted = (right: Deno.PermissionDescriptor) =>
    Deno.permissions.querySync(right).state === "granted";
  if (isGranted({ name: "sys", kind: "hostname" })) return Deno.hostname();
  const name = isGranted({ name: "env", variable: "HOSTNAME" }) ? Deno.env.get("HOSTNAME") : undefined;
  return name || "unknown";
}
