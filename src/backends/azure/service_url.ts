import { UsageError } from "../../core/errors.ts";

/** Where an account's services are. */
export interface ServiceUrls {
  /** Of the queue service, without a slash at its end. */
  readonly queueUrl: string;
  /** Of the blob service; undefined where it cannot be known. */
  readonly blobUrl?: string;
}

/** The services of an account under a DNS suffix such as `core.windows.net`. */
export function urlsUnder(suffix: string, account: string, protocol = "https"): ServiceUrls {
  return {
    queueUrl: `${protocol}://${account}.queue.${suffix}`,
    blobUrl: `${protocol}://${account}.blob.${suffix}`,
  };
}

/**
 * Reads `--endpoint`: a DNS suffix, or the URL of the queue service. The blob service is known where the URL's host
 * says `.queue.`.
 *
 * @throws {UsageError} when it is neither, when it holds more than an address, and when it is of another account
 */
export function urlsOfEndpoint(text: string, account: string): ServiceUrls {
  const refuse = (reason: string) =>
    new UsageError(`Cannot use --endpoint for "${account}": ${reason}`, {
      hint:
        `it is a DNS suffix such as core.usgovcloudapi.net, or a URL such as https://${account}.queue.core.windows.net`,
    });
  if (!text.includes("://")) {
    const suffix = text.replace(/^\.?(?:queue\.)?/, "");
    if (/^(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*$/i.test(suffix)) return urlsUnder(suffix, account);
    throw refuse("it is no DNS suffix");
  }
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw refuse("it is no http or https URL");
  if (url.username || url.password || url.search || url.hash) {
    throw refuse("it holds more than the place of the service; a SAS goes to --sas");
  }
  if (/\.(?:blob|table|file|dfs)\./.test(url.hostname)) throw refuse("it is not the queue service's URL");
  const other = accountOf(text);
  if (other !== undefined && other !== account) throw refuse(`it is the URL of the account "${other}"`);
  return withBlobs(text);
}

/** The URLs of a queue service that is given by its own; the blob service's where the host says `.queue.`. */
export function withBlobs(queueUrl: string): ServiceUrls {
  const url = new URL(queueUrl);
  const plain = (host: string) => `${url.protocol}//${host}${url.pathname.replace(/\/+$/, "")}`;
  return {
    queueUrl: plain(url.host),
    blobUrl: url.hostname.includes(".queue.") ? plain(url.host.replace(".queue.", ".blob.")) : undefined,
  };
}

/** The account of a queue or blob service's URL: of its host, or of the path behind a bare host; undefined at other domains. */
export function accountOf(url: string): string | undefined {
  const { hostname, pathname } = new URL(url);
  // A suffix such as -secondary or -ipv6 is no part of the name, which has no dash.
  if (/\.(?:queue|blob)\./.test(hostname)) return hostname.split(/[.-]/)[0];
  const isBare = !hostname.includes(".") || /^[\d.]+$/.test(hostname) || hostname.startsWith("[");
  return isBare ? pathname.split("/")[1] || undefined : undefined;
}

/** True when requests to the URL are encrypted. */
export function isEncrypted(url: string): boolean {
  return new URL(url).protocol === "https:";
}

/** True when the URL's host is this machine. */
export function isLoopback(url: string): boolean {
  return /^(?:127\.[\d.]+|\[::1\]|(?:.+\.)?localhost)$/.test(new URL(url).hostname);
}
