import { UsageError } from "../../core/errors.ts";
import { isForBlobs, readSas } from "./sas.ts";
import { accountOf, type ServiceUrls, urlsUnder, withBlobs } from "./service_url.ts";

/** What a connection string of Azure Storage says. */
export interface StorageConnection extends ServiceUrls {
  readonly login:
    | { readonly kind: "key"; readonly account: string; readonly key: string }
    | { readonly kind: "sas"; readonly sas: string };
}

/** How a connection string is read. */
export interface ConnectionStringContext {
  /** The account of the address, which has to be the string's. */
  readonly account: string;
  /** Where it was found: "the connection string of --conn-str". */
  readonly label: string;
  /** The DNS suffix when it names none. */
  readonly suffix: string;
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * The emulator's account, whose key is public.
 * Source: "Connect to the emulator account using the well-known account name and key", Azure Storage documentation.
 */
const EMULATOR = {
  account: "devstoreaccount1",
  key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
  host: "http://127.0.0.1",
  queuePort: 10_001,
  blobPort: 10_000,
};

/**
 * Reads a connection string of Azure Storage; no error shows any of its values but an account's name.
 *
 * @throws {UsageError} when it cannot be used for the account, {AccessDeniedError} when its SAS has expired
 */
export function readConnectionString(text: string, context: ConnectionStringContext): StorageConnection {
  const { field, refuse } = readFields(text, context);
  if (isEmulator(field)) return emulatorConnection(field("DevelopmentStorageProxyUri"), refuse);
  return { login: readLogin(field, context, refuse), ...readUrls(field, context, refuse) };
}

/**
 * What a connection string signs in with, wherever it says that the services are.
 *
 * @throws {UsageError} when it cannot be used for the account, {AccessDeniedError} when its SAS has expired
 */
export function readConnectionLogin(
  text: string,
  context: ConnectionStringContext,
): StorageConnection["login"] {
  const { field, refuse } = readFields(text, context);
  if (isEmulator(field)) return emulatorConnection(undefined, refuse).login;
  return readLogin(field, context, refuse);
}

/** False for a connection string that is well-formed and of another account, of Service Bus, or not for blobs. */
export function mayOpenBlobsOf(account: string, text: string): boolean {
  const fields = connectionFields(text);
  const field: Field = (name) => fields?.get(name.toLowerCase()) || undefined;
  if (/^sb:/i.test(field("Endpoint") ?? "")) return false;
  const own = accountOfFields(field);
  if (own !== undefined && own !== account) return false;
  const sas = field("AccountKey") === undefined ? field("SharedAccessSignature") : undefined;
  return sas === undefined || isForBlobs(sas);
}

function isEmulator(field: Field): boolean {
  return field("UseDevelopmentStorage")?.toLowerCase() === "true";
}

/** The account that a connection string names, itself or in the URL of a service. */
function accountOfFields(field: Field): string | undefined {
  if (isEmulator(field)) return EMULATOR.account;
  const urls = [field("QueueEndpoint"), field("BlobEndpoint")].filter((url) => URL.canParse(url ?? ""));
  return field("AccountName") ?? urls.map((url) => accountOf(url ?? "")).find((own) => own !== undefined);
}

/** The fields of a connection string that is for the account. */
function readFields(text: string, { account, label }: ConnectionStringContext) {
  const refuse = (reason: string, hint = "copy it again from the account's access keys, in quotes") =>
    new UsageError(`Cannot sign in to "${account}": ${label} ${reason}`, { hint });
  const fields = connectionFields(text);
  if (fields === undefined) {
    throw refuse("is malformed: it is not a list of NAME=VALUE, separated by semicolons");
  }
  const field = (name: string) => fields.get(name.toLowerCase()) || undefined;
  if (/^sb:/i.test(field("Endpoint") ?? "")) {
    throw refuse(
      "is one of Service Bus",
      "give one of a storage account, or use the address sb://NAMESPACE/QUEUE",
    );
  }
  for (const name of ["QueueEndpoint", "BlobEndpoint"]) {
    const endpoint = field(name);
    if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) {
      throw refuse(`has a ${name} that is no http or https URL`);
    }
  }
  const own = accountOfFields(field);
  if (own !== undefined && own !== account) {
    throw refuse(
      `is of the account "${own}"`,
      `use the address ${own}/QUEUE, or give the connection string of ${account}`,
    );
  }
  return { field, refuse };
}

type Field = (name: string) => string | undefined;
type Refuse = (reason: string, hint?: string) => UsageError;

/** The fields of a connection string by their names in lower case; undefined when it is malformed. */
export function connectionFields(text: string): ReadonlyMap<string, string> | undefined {
  const parts = text.trim().split(";").map((part) => part.trim()).filter(Boolean);
  const pairs = parts.map((part) => /^([A-Za-z]+)\s*=\s*(.*)$/s.exec(part));
  if (pairs.length === 0 || pairs.includes(null)) return undefined;
  return new Map(pairs.map((pair) => [pair?.[1]?.toLowerCase() ?? "", pair?.[2] ?? ""]));
}

function readLogin(
  field: Field,
  context: ConnectionStringContext,
  refuse: Refuse,
): StorageConnection["login"] {
  const key = field("AccountKey");
  if (key !== undefined) {
    if (field("AccountName") === undefined) throw refuse("lacks AccountName");
    if (!isBase64(key)) throw refuse("has an AccountKey that is not base64");
    return { kind: "key", account: context.account, key };
  }
  const sas = field("SharedAccessSignature");
  if (sas === undefined) throw refuse("lacks AccountKey or SharedAccessSignature");
  return { kind: "sas", sas: readSas(sas, { ...context, label: `the SAS in ${context.label}` }) };
}

function readUrls(field: Field, { account, suffix }: ConnectionStringContext, refuse: Refuse): ServiceUrls {
  const queueEndpoint = field("QueueEndpoint");
  const blobEndpoint = field("BlobEndpoint")?.replace(/\/+$/, "");
  if (queueEndpoint !== undefined) {
    const urls = withBlobs(queueEndpoint);
    return { ...urls, blobUrl: blobEndpoint ?? urls.blobUrl };
  }
  // A SAS with an endpoint of another service but none of queues was made for that service alone.
  const isOfOthers = field("AccountKey") === undefined &&
    ["BlobEndpoint", "TableEndpoint", "FileEndpoint"].some((name) => field(name) !== undefined);
  if (field("AccountName") === undefined || isOfOthers) {
    throw refuse("lacks QueueEndpoint", "make one that allows the queue service");
  }
  const protocol = field("DefaultEndpointsProtocol")?.toLowerCase() ?? "https";
  if (!/^https?$/.test(protocol)) {
    throw refuse("has a DefaultEndpointsProtocol that is neither http nor https");
  }
  const urls = urlsUnder(field("EndpointSuffix") ?? suffix, account, protocol);
  return { ...urls, blobUrl: blobEndpoint ?? urls.blobUrl };
}

function emulatorConnection(proxy: string | undefined, refuse: Refuse): StorageConnection {
  const { account, key, queuePort, blobPort } = EMULATOR;
  const url = URL.parse(proxy ?? EMULATOR.host);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw refuse("has a DevelopmentStorageProxyUri that is no http or https URL");
  }
  const at = (port: number) => `${url.protocol}//${url.hostname}:${port}/${account}`;
  return { login: { kind: "key", account, key }, queueUrl: at(queuePort), blobUrl: at(blobPort) };
}

/** True for what an account's key looks like. */
export function isBase64(text: string): boolean {
  return text !== "" && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
