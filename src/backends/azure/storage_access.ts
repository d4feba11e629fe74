import type { TokenCredential } from "@azure/identity";
import { type Clock, systemClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import type { Logger } from "../../log/logger.ts";
import { cloudOf } from "./cloud.ts";
import { isBase64, mayOpenBlobsOf, readConnectionLogin, readConnectionString } from "./connection_string.ts";
import { isForBlobs, readSas } from "./sas.ts";
import { isEncrypted, isLoopback, type ServiceUrls, urlsOfEndpoint, urlsUnder } from "./service_url.ts";
import { TokenLogin } from "./token_login.ts";

/** What the command line says about an Azure Storage account. */
export interface StorageOptions {
  /** The account of the address. */
  readonly account: string;
  /** `--conn-str` */
  readonly connectionString?: string;
  /** `--sas`, with or without its leading `?`. */
  readonly sas?: string;
  /** `--endpoint`: a DNS suffix, or the URL of the queue service. It goes before what a connection string says. */
  readonly endpoint?: string;
  /**
   * Opens the blobs here, whatever else says where they are. `sas` is that of their URL then, and what the environment
   * has for other accounts and services is passed over: it may be for the queue.
   */
  readonly blobUrl?: string;
}

/** What the resolution of credentials takes from around it. */
export interface Surroundings {
  /** Looks up an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Told once, at info level, what was taken: at once for keys, with the first token for tokens. */
  readonly log: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What a request to the account carries: plain data, since each SDK has classes of its own for it. */
export type StorageLogin =
  | { readonly kind: "key"; readonly account: string; readonly key: string }
  | { readonly kind: "sas"; readonly sas: string }
  | { readonly kind: "token"; readonly credential: TokenCredential };

/** Where an account's services are, and what their requests carry. */
export interface StorageAccess extends ServiceUrls {
  readonly account: string;
  readonly login: StorageLogin;
  /** How it was got: "the connection string of --conn-str", "the Azure CLI's login". Holds no secret. */
  readonly label: string;
}

/**
 * Finds the way into a storage account: a connection string or a SAS of the command line, then of the environment
 * (`JOBQ_CONNECTION_STRING`, `AZURE_STORAGE_SAS_TOKEN`, `AZURE_STORAGE_KEY`), then tokens of Microsoft Entra ID; for
 * blobs at a URL, first its SAS, and `AZURE_STORAGE_CONNECTION_STRING`, too. No request is made: tokens are got when the
 * first is needed.
 *
 * @throws {UsageError} for what cannot be used, {AccessDeniedError} for a SAS that has expired
 */
export function resolveStorageAccess(options: StorageOptions, surroundings: Surroundings): StorageAccess {
  const { account, endpoint, blobUrl } = options;
  const { env, log, clock = systemClock } = surroundings;
  const suffix = cloudOf(env).storageSuffix;
  const given = endpoint === undefined ? undefined : urlsOfEndpoint(endpoint, account);
  const urls = { ...given ?? urlsUnder(suffix, account), ...(blobUrl && { blobUrl }) };
  const found = findSecret(options, env);
  if (found === undefined) {
    const credential = new TokenLogin({ name: account, env, log, clock });
    return checkEncryption({
      ...urls,
      account,
      login: { kind: "token", credential },
      get label() {
        return credential.label;
      },
    });
  }
  const { label } = found;
  const read = readSecret(found, { account, suffix, now: clock.now(), isForBlobs: blobUrl !== undefined });
  const access = checkEncryption({ ...urls, account, label, ...read, ...given, ...(blobUrl && { blobUrl }) });
  log.info(`signed in to ${account} with ${label}`);
  return access;
}

interface FoundSecret {
  readonly kind: "connection-string" | "sas" | "key";
  readonly text: string;
  readonly label: string;
}

type Place = readonly [kind: FoundSecret["kind"], text: string | undefined, label: string];

function findSecret(options: StorageOptions, env: Surroundings["env"]): FoundSecret | undefined {
  const places = options.blobUrl === undefined ? placesOf(options, env) : placesForBlobs(options, env);
  for (const [kind, text, label] of places) if (text) return { kind, text, label };
  return undefined;
}

function placesOf(options: StorageOptions, env: Surroundings["env"]): readonly Place[] {
  return [
    ["connection-string", options.connectionString, "the connection string of --conn-str"],
    ["sas", options.sas, "the SAS of --sas"],
    ["connection-string", env("JOBQ_CONNECTION_STRING"), "the connection string of $JOBQ_CONNECTION_STRING"],
    ...placesOfCli(options, env),
  ];
}

function placesForBlobs(options: StorageOptions, env: Surroundings["env"]): readonly Place[] {
  const fitting = (text: string | undefined) =>
    text && mayOpenBlobsOf(options.account, text) ? text : undefined;
  const ofEnv = (name: string): Place => [
    "connection-string",
    fitting(env(name)),
    `the connection string of $${name}`,
  ];
  return [
    ["sas", options.sas, "the SAS in the URL"],
    ["connection-string", fitting(options.connectionString), "the connection string of --conn-str"],
    ofEnv("JOBQ_CONNECTION_STRING"),
    ofEnv("AZURE_STORAGE_CONNECTION_STRING"),
    ...placesOfCli(options, env).filter(([kind, text]) => kind !== "sas" || isForBlobs(text ?? "")),
  ];
}

/** The Azure CLI's variables go together: a key of another account opens nothing here, and a SAS is not for others. */
function placesOfCli({ account }: StorageOptions, env: Surroundings["env"]): readonly Place[] {
  if ((env("AZURE_STORAGE_ACCOUNT") || account) !== account) return [];
  return [
    ["sas", env("AZURE_STORAGE_SAS_TOKEN"), "the SAS of $AZURE_STORAGE_SAS_TOKEN"],
    ["key", env("AZURE_STORAGE_KEY"), "the account key of $AZURE_STORAGE_KEY"],
  ];
}

/** The login that a secret gives, and where a connection string says so, the services' places. */
function readSecret(
  { kind, text, label }: FoundSecret,
  { isForBlobs, ...context }: {
    readonly account: string;
    readonly suffix: string;
    readonly now: number;
    readonly isForBlobs: boolean;
  },
): { readonly login: StorageLogin } & Partial<ServiceUrls> {
  switch (kind) {
    case "connection-string":
      if (isForBlobs) return { login: readConnectionLogin(text, { ...context, label }) };
      return readConnectionString(text, { ...context, label });
    case "sas":
      return { login: { kind: "sas", sas: readSas(text, { ...context, label }) } };
    case "key":
      return { login: { kind: "key", account: context.account, key: readKey(text, { ...context, label }) } };
    default:
      return kind satisfies never;
  }
}

function readKey(text: string, { account, label }: { account: string; label: string }): string {
  const key = text.trim();
  if (isBase64(key)) return key;
  throw new UsageError(`Cannot sign in to "${account}": ${label} is not base64`, {
    hint: `copy it again: az storage account keys list --account-name ${account}`,
  });
}

/** A key only signs; a SAS and a token are sent, and whoever reads them can use them. */
function checkEncryption(access: StorageAccess): StorageAccess {
  const { account, login, queueUrl, blobUrl = queueUrl } = access;
  const isSafe = (url: string) => isEncrypted(url) || (login.kind === "sas" && isLoopback(url));
  if (login.kind === "key" || [queueUrl, blobUrl].every(isSafe)) return access;
  const what = login.kind === "sas" ? "a SAS" : "a token";
  throw new UsageError(
    `Cannot sign in to "${account}": ${what} is not sent over http, where others can read it`,
    {
      hint: "use an https endpoint; for the emulator on this machine, --conn-str UseDevelopmentStorage=true",
    },
  );
}
