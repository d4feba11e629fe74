import { UsageError } from "../../core/errors.ts";

/** Where the services of one of Microsoft's clouds are. */
export interface Cloud {
  /** The end of a storage service's host: `ACCOUNT.queue.SUFFIX`. */
  readonly storageSuffix: string;
  /** The end of a Service Bus namespace's host: `NAMESPACE.SUFFIX`. */
  readonly serviceBusSuffix: string;
  /** Who gives out tokens, an `https:` URL. */
  readonly authorityHost: string;
  /** Whether the authority is one of Microsoft's own, which the identity SDK may look up. */
  readonly isKnown: boolean;
}

const PUBLIC = {
  storageSuffix: "core.windows.net",
  serviceBusSuffix: "servicebus.windows.net",
  authorityHost: "https://login.microsoftonline.com",
};
const GOVERNMENT = {
  storageSuffix: "core.usgovcloudapi.net",
  serviceBusSuffix: "servicebus.usgovcloudapi.net",
  authorityHost: "https://login.microsoftonline.us",
};
const CHINA = {
  storageSuffix: "core.chinacloudapi.cn",
  serviceBusSuffix: "servicebus.chinacloudapi.cn",
  authorityHost: "https://login.chinacloudapi.cn",
};

/** By their names at the Azure CLI and at the SDKs. */
const CLOUDS: Readonly<Record<string, typeof PUBLIC>> = {
  AzurePublicCloud: PUBLIC,
  AzureCloud: PUBLIC,
  AzureUSGovernment: GOVERNMENT,
  AzureChinaCloud: CHINA,
};
/** The ends of the storage services' hosts in all clouds. */
export const STORAGE_SUFFIXES: readonly string[] = [PUBLIC, GOVERNMENT, CHINA].map((cloud) =>
  cloud.storageSuffix
);
const AUTHORITIES: ReadonlySet<string> = new Set(Object.values(CLOUDS).map((cloud) => cloud.authorityHost));

/**
 * The cloud of `$AZURE_CLOUD`, by default the public one; `$AZURE_AUTHORITY_HOST` replaces its authority.
 *
 * @throws {UsageError} for an unknown cloud, and for an authority that is no `https:` URL
 */
export function cloudOf(env: (name: string) => string | undefined): Cloud {
  const cloud = namedCloud(env("AZURE_CLOUD") || "AzurePublicCloud");
  const authorityHost = readAuthority(env("AZURE_AUTHORITY_HOST") || cloud.authorityHost);
  return { ...cloud, authorityHost, isKnown: AUTHORITIES.has(authorityHost) };
}

function namedCloud(name: string): typeof PUBLIC {
  const known = Object.entries(CLOUDS).find(([own]) => own.toLowerCase() === name.toLowerCase());
  if (known !== undefined) return known[1];
  throw new UsageError(`Cannot use "${name}" as AZURE_CLOUD: there is no such cloud`, {
    hint: `it is one of ${Object.keys(CLOUDS).join(", ")}`,
  });
}

function readAuthority(text: string): string {
  // Its own documents write it with and without the scheme.
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  if (url?.protocol === "https:") return url.origin + url.pathname.replace(/\/+$/, "");
  throw new UsageError("Cannot use AZURE_AUTHORITY_HOST: it is no https URL", {
    hint: "for example https://login.microsoftonline.com",
  });
}
