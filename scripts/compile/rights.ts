import { UsageError } from "../../src/core/errors.ts";

/** One right in a permission set: all of it, nothing, or a list. */
type Right = boolean | readonly string[] | { readonly allow?: boolean | readonly string[] };

/** A permission set of deno.json, by the names of the rights. */
export type PermissionSet = Readonly<Record<string, Right>>;

/** The set in which more hosts may be reached. @throws {UsageError} when the set lets no hosts be added */
export function withHosts(set: PermissionSet, hosts: readonly string[]): PermissionSet {
  if (hosts.length === 0) return set;
  const { net = [] } = set;
  if (typeof net === "boolean" || "allow" in net) {
    throw new UsageError("Cannot add hosts to the permission set: its net is not a list");
  }
  return { ...set, net: [...net as readonly string[], ...hosts] };
}
