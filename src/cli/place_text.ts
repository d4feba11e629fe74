/** A place to synchronise to, for people: what stands behind a `?` in a URL may be a secret. */
export function placeText(place: string | undefined): string | undefined {
  return place?.replace(/^(https?:\/\/[^?#]*)[?#].*$/is, "$1?…");
}
