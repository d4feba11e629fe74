/** What a link's address names, without the slashes at its ends: clients give "q", "/q" or "amqps://HOST/q". */
export function entityPath(address: string): string {
  return address.replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/^\/+|\/+$/g, "");
}
