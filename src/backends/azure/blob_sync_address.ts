import { UsageError } from "../../core/errors.ts";
import { STORAGE_SUFFIXES } from "./cloud.ts";
import { faultOfBlobName } from "./blob_sync_name.ts";
import { redact } from "./redact.ts";
import { accountOf, isLoopback } from "./service_url.ts";

/** Where in an account's blobs a directory is copied to. */
export interface BlobAddress {
  readonly account: string;
  /** Of the blob service, without a slash at its end. */
  readonly serviceUrl: string;
  readonly container: string;
  /** The names of the blobs begin with it and a slash; may be empty, and then with neither. */
  readonly prefix: string;
  /** The SAS of the URL. */
  readonly sas?: string;
  /** The URL without the SAS. */
  readonly name: string;
}

const HINT = "write it like https://ACCOUNT.blob.core.windows.net/CONTAINER/DIRECTORY";
/** https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata */
const CONTAINER = /^(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** Hosts of accounts with DNS zone endpoints, `ACCOUNT.z01.blob.storage.azure.net`. */
const ZONE_SUFFIX = "storage.azure.net";

/**
 * Reads the URL of a container or of a directory in one; a SAS may be its query. At a host without a domain, as the
 * emulator's, the account is the first part of the path.
 *
 * @throws {UsageError} when it is none; without what could be a secret
 */
export function parseBlobUrl(text: string): BlobAddress {
  const shown = redact(text.replace(/[?#].*$/s, ""));
  const refuse = (reason: string, hint = HINT) =>
    new UsageError(`Cannot copy to "${shown}": ${reason}`, { hint });
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) throw refuse("it is no http or https URL");
  if (url.username || url.password) throw refuse("it holds a user name or a password");
  if (url.hash) throw refuse("it has a #", "write %23 where the directory's name has a #");
  if (url.hostname.includes(".dfs.")) {
    throw refuse("it is not the blob service's URL", "write .blob. in place of .dfs.");
  }
  if (/\.(?:queue|table|file)\./.test(url.hostname)) throw refuse("it is not the blob service's URL");
  const account = accountOf(url.href);
  if (account === undefined) throw refuse("its host names no storage account");
  const parts = decode(url.pathname)?.split("/").filter((part) => part !== "");
  if (parts === undefined) throw refuse("it has a % that begins no %XX", "write %25 for a %");
  const isOfPath = !url.hostname.includes(".blob.");
  const [container, ...directory] = isOfPath ? parts.slice(1) : parts;
  if (container === undefined) throw refuse("it names no container");
  if (!CONTAINER.test(container)) {
    throw refuse(
      "it names no container that can be",
      "a container has 3 to 63 lower-case letters, digits and single hyphens, with a letter or digit at both ends",
    );
  }
  const prefix = directory.join("/");
  const fault = prefix === "" ? undefined : faultOfBlobName(prefix);
  if (fault !== undefined) throw refuse(fault);
  return {
    account,
    serviceUrl: isOfPath ? `${url.origin}/${account}` : url.origin,
    container,
    prefix,
    sas: url.search.slice(1) || undefined,
    name: url.origin + url.pathname.replace(/\/+$/, ""),
  };
}

/**
 * True for hosts of Azure, of this machine, and those under `suffix`: others must not get what they could use, as a token
 * or a SAS.
 */
export function isTrustedHost(url: string, suffix?: string): boolean {
  const { hostname } = new URL(url);
  const suffixes = [...STORAGE_SUFFIXES, ZONE_SUFFIX, ...(suffix === undefined ? [] : [suffix])];
  return isLoopback(url) || suffixes.some((each) => hostname.endsWith(`.blob.${each}`));
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
